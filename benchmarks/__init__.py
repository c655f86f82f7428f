"""How fast botpulse is on this machine: `make bench`, or one of these modules alone."""
