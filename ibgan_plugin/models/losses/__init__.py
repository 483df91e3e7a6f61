"""Losses of the methods, usable in any MMEngine project."""
from ibgan_plugin.models.losses.adversarial import AdversarialLoss, GradientPenalty, R1Penalty
from ibgan_plugin.models.losses.contrastive import ContrastiveLoss
from ibgan_plugin.models.losses.density_ratio import DensityRatioLoss
from ibgan_plugin.models.losses.information import InformationLoss, KLLoss
from ibgan_plugin.models.losses.reconstruction import BernoulliReconstruction, GaussianReconstruction
from ibgan_plugin.models.losses.regularisers import CapacityRegulariser, DIPRegulariser, KLRegulariser, TotalCorrelationRegulariser

__all__ = ['AdversarialLoss', 'BernoulliReconstruction', 'CapacityRegulariser', 'ContrastiveLoss', 'DIPRegulariser',
           'DensityRatioLoss', 'GaussianReconstruction', 'GradientPenalty', 'InformationLoss', 'KLLoss', 'KLRegulariser',
           'R1Penalty', 'TotalCorrelationRegulariser']
