"""What the payment addon costs: ``python3 -m tests.bench SERIES``."""
