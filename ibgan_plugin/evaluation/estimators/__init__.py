"""Estimators that the metrics fit."""
