"""Metrics in two families: ``disentanglement`` (codes against factors) and ``image``; see ``docs/metrics.md``."""
