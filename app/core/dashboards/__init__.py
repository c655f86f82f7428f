"""What dashboards count: which rules an event hits on its way, and what a rule finds among events that came before it."""
