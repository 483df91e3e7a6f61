"""The models, their networks, priors and losses."""
from ibgan_plugin.models.ibgan import IBGAN
from ibgan_plugin.models.infogan_cr import InfoGANCR
from ibgan_plugin.models.losses.adversarial import AdversarialLoss, GradientPenalty, R1Penalty
from ibgan_plugin.models.losses.contrastive import ContrastiveLoss
from ibgan_plugin.models.losses.density_ratio import DensityRatioLoss
from ibgan_plugin.models.losses.information import InformationLoss, KLLoss
from ibgan_plugin.models.losses.reconstruction import BernoulliReconstruction, GaussianReconstruction
from ibgan_plugin.models.losses.regularisers import CapacityRegulariser, DIPRegulariser, KLRegulariser, TotalCorrelationRegulariser
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
from ibgan_plugin.models.priors import CategoricalPrior, NormalPrior, ProductPrior, UniformPrior
from ibgan_plugin.models.vae import VAE, FactorVAE

__all__ = ['IBGAN', 'VAE', 'AdversarialLoss', 'BernoulliReconstruction', 'CapacityRegulariser', 'CategoricalPrior',
           'ContrastiveLoss', 'ContrastiveNetwork', 'DIPRegulariser', 'DensityRatioLoss', 'Discriminator', 'Encoder', 'FactorVAE',
           'GaussianReconstruction', 'Generator', 'GradientPenalty', 'ImageDecoder', 'ImageEncoder', 'InfoGANCR',
           'InfoGANGenerator', 'InformationLoss', 'KLLoss', 'KLRegulariser', 'LatentCritic', 'LayoutGenerator', 'NormalPrior',
           'OrthogonalInit', 'ProductPrior', 'R1Penalty', 'Reconstructor', 'SmallGenerator', 'SpectralDiscriminator',
           'SpectralReconstructor', 'SpectralTrunk', 'TotalCorrelationRegulariser', 'Trunk', 'UniformPrior']
