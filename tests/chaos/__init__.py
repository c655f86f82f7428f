"""Everything is killed, at the worst moments, and what came out is compared with what went in."""
