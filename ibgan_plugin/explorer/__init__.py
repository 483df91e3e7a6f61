"""A page on which a model's representation is moved by hand; ``tools/explore.py`` is the command."""
