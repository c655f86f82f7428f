"""The outside world, one file per part of it: the broker, the store, the clock."""
