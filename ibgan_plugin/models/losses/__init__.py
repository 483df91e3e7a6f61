"""Losses of the IB-GAN objective, usable in any MMEngine project."""
from ibgan_plugin.models.losses.adversarial import AdversarialLoss, GradientPenalty, R1Penalty
from ibgan_plugin.models.losses.information import InformationLoss, KLLoss

__all__ = ['AdversarialLoss', 'GradientPenalty', 'InformationLoss', 'KLLoss', 'R1Penalty']
