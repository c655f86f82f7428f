"""Everything that `botpulse up` needs to run on one machine: broker, engine, supervision."""
