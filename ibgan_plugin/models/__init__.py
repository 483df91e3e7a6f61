"""The IB-GAN model, its networks and its losses."""
from ibgan_plugin.models.discriminator import Discriminator
from ibgan_plugin.models.encoder import Encoder
from ibgan_plugin.models.generator import Generator
from ibgan_plugin.models.ibgan import IBGAN
from ibgan_plugin.models.init import OrthogonalInit
from ibgan_plugin.models.losses import AdversarialLoss, GradientPenalty, InformationLoss, KLLoss
from ibgan_plugin.models.noise_generator import NoiseGenerator
from ibgan_plugin.models.reconstructor import Reconstructor
from ibgan_plugin.models.trunk import Trunk

__all__ = ['IBGAN', 'AdversarialLoss', 'Discriminator', 'Encoder', 'Generator', 'GradientPenalty', 'InformationLoss', 'KLLoss',
           'NoiseGenerator', 'OrthogonalInit', 'Reconstructor', 'Trunk']
