"""Demo data: a company with months of accounting, its people, and what a careless hand damages."""
