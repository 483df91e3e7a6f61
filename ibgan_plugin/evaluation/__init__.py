"""Disentanglement metrics on codes of ground-truth factors; see ``docs/metrics.md``."""
