"""Other zoos, and other people's weights."""
from ibgan_plugin.interop.mmagic import MMagicImages, NoiseGenerator

__all__ = ['MMagicImages', 'NoiseGenerator']
