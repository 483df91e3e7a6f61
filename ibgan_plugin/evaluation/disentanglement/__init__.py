"""Disentanglement metrics: codes, sampling, protocols, one file a metric."""
