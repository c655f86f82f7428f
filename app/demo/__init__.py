"""Made-up traffic for a first look, and nothing that a real bot would need."""
