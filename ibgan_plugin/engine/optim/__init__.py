"""Optimiser wrappers and their constructor."""
