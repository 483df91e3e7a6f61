"""Everything that knows mmagic. Importing this imports no mmagic."""
from ibgan_plugin.interop.mmagic.data import MMagicImages
from ibgan_plugin.interop.mmagic.generator import NoiseGenerator

__all__ = ['MMagicImages', 'NoiseGenerator']
