"""Tests of everything local: broker, supervision, commands."""
