"""Models."""
from other_zoo.models.autoencoder import Autoencoder
from other_zoo.models.resize_generator import ResizeGenerator

__all__ = ['Autoencoder', 'ResizeGenerator']
