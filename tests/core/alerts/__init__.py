"""Alerts without a clock, a broker or a database."""
