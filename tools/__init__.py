"""Set-up, test runner and development tools. No addon imports anything from here."""
