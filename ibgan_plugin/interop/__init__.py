"""Other zoos, and other people's weights."""
from ibgan_plugin.interop.mmagic import MMagicIBGAN, MMagicImages, NoiseGenerator

__all__ = ['MMagicIBGAN', 'MMagicImages', 'NoiseGenerator']
