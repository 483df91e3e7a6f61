"""The networks of the methods, as plain torch layers."""
from ibgan_plugin.models.networks.discriminator import Discriminator
from ibgan_plugin.models.networks.encoder import Encoder
from ibgan_plugin.models.networks.generator import Generator
from ibgan_plugin.models.networks.infogan_cr import ContrastiveNetwork, InfoGANGenerator
from ibgan_plugin.models.networks.init import OrthogonalInit
from ibgan_plugin.models.networks.layout import LayoutGenerator
from ibgan_plugin.models.networks.reconstructor import Reconstructor
from ibgan_plugin.models.networks.spectral import SmallGenerator, SpectralDiscriminator, SpectralReconstructor, SpectralTrunk
from ibgan_plugin.models.networks.trunk import Trunk
from ibgan_plugin.models.networks.vae import ImageDecoder, ImageEncoder, LatentCritic

__all__ = ['ContrastiveNetwork', 'Discriminator', 'Encoder', 'Generator', 'ImageDecoder', 'ImageEncoder', 'InfoGANGenerator',
           'LatentCritic', 'LayoutGenerator', 'OrthogonalInit', 'Reconstructor', 'SmallGenerator', 'SpectralDiscriminator',
           'SpectralReconstructor', 'SpectralTrunk', 'Trunk']
