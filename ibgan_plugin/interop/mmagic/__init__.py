"""Everything that knows mmagic. Importing this imports no mmagic."""
from ibgan_plugin.interop.mmagic.data import MMagicImages
from ibgan_plugin.interop.mmagic.generator import NoiseGenerator
from ibgan_plugin.interop.mmagic.loops import MMagicGenerationTestLoop, MMagicGenerationValLoop
from ibgan_plugin.interop.mmagic.model import MMagicGAN, MMagicIBGAN

__all__ = ['MMagicGAN', 'MMagicGenerationTestLoop', 'MMagicGenerationValLoop', 'MMagicIBGAN', 'MMagicImages', 'NoiseGenerator']
