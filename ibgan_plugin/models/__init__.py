"""The IB-GAN model, its networks and its losses."""
from ibgan_plugin.models.ibgan import IBGAN
from ibgan_plugin.models.losses import AdversarialLoss, GradientPenalty, InformationLoss, KLLoss, R1Penalty
from ibgan_plugin.models.networks.discriminator import Discriminator
from ibgan_plugin.models.networks.encoder import Encoder
from ibgan_plugin.models.networks.generator import Generator
from ibgan_plugin.models.networks.init import OrthogonalInit
from ibgan_plugin.models.networks.reconstructor import Reconstructor
from ibgan_plugin.models.networks.spectral import SmallGenerator, SpectralDiscriminator, SpectralReconstructor, SpectralTrunk
from ibgan_plugin.models.networks.trunk import Trunk

__all__ = ['IBGAN', 'AdversarialLoss', 'Discriminator', 'Encoder', 'Generator', 'GradientPenalty', 'InformationLoss', 'KLLoss',
           'OrthogonalInit', 'R1Penalty', 'Reconstructor', 'SmallGenerator', 'SpectralDiscriminator', 'SpectralReconstructor',
           'SpectralTrunk', 'Trunk']
