"""Demo data: a company with months of accounting, its people, and the damage a careless hand does."""
