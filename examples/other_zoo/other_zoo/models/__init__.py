"""Models."""
from other_zoo.models.resize_generator import ResizeGenerator

__all__ = ['ResizeGenerator']
