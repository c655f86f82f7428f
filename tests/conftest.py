"""Fixtures every test may ask for, and what holds for all of them."""

from hypothesis import settings

from tests.broker import broker
from tests.sdks.packages import packages
from tests.stack import stack

__all__ = ["broker", "packages", "stack"]

# How long an example takes says something about the machine, not about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
