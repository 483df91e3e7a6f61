"""A package with a generator of its own."""
