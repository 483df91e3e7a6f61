"""MMEngine metrics: gathering of codes across batches and processes; the scores are in ``evaluation.functional``."""
from ibgan_plugin.evaluation.metrics.disentanglement import DisentanglementMetric, FactorVAEScore

__all__ = ['DisentanglementMetric', 'FactorVAEScore']
