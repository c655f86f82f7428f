"""What botpulse knows: pure functions and values, no clock, no I/O, no Faust."""
