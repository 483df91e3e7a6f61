"""Using a trained model."""
from ibgan_plugin.apis.inferencer import IBGANInferencer

__all__ = ['IBGANInferencer']
