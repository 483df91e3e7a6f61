"""MMEngine metrics: gathering of codes and features across batches and processes; the scores are in the packages beside."""
from ibgan_plugin.evaluation.metrics.disentanglement import DisentanglementMetric, FactorVAEScore
from ibgan_plugin.evaluation.metrics.image import ImageMetric

__all__ = ['DisentanglementMetric', 'FactorVAEScore', 'ImageMetric']
