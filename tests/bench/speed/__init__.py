"""The parts of the speed benchmark: configurations, cases, measuring, and the table."""
