"""The two information terms of the objective."""
from typing import Any

from torch import Tensor, nn

from ibgan_plugin.models.losses import functional
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class InformationLoss(nn.Module):
    """``-lambda * I_L(z, G(z))``: maximises the lower bound of the mutual information of z and x.

    Args:
        info_weight: ``lambda``, at least 0. Published: 1.

    Raises:
        IBGANError: If ``info_weight`` is negative.

    >>> import torch
    >>> z = torch.tensor([[1., 2.]])
    >>> InformationLoss(info_weight=2.0)(z, z_hat=z)
    tensor([-5.])
    """

    def __init__(self, info_weight: float = 1.0) -> None:
        super().__init__()
        if not info_weight >= 0:
            raise IBGANError(f'info_weight must be at least 0, got {info_weight}')
        self.info_weight = info_weight

    def forward(self, z: Tensor, z_hat: Tensor, prior: Any = None) -> Tensor:
        """Loss per sample, N, in nats.

        Args:
            z: Codes, N x z_dim.
            z_hat: What the reconstructor says of them, N x z_dim, or N x coded_dim where ``prior`` has noise.
            prior: A :class:`~ibgan_plugin.models.priors.Prior`, which has the bound of its codes; None for ``N(0, I)``.
        """
        bound = functional.mi_lower_bound if prior is None else prior.mi_lower_bound
        return -self.info_weight * bound(z, z_hat)


@MODELS.register_module()
class KLLoss(nn.Module):
    """``beta * I_U(z, r)``: compresses r towards the prior N(0, I) (the bottleneck of IB-GAN). No threshold, no hidden factor.

    Args:
        beta: At least 0. Published: 0.141 for dSprites, 0.071 for Colour dSprites, 0.35 for CelebA, 0.325 for 3D Chairs;
            0 gives InfoGAN with a stochastic representation.

    Raises:
        IBGANError: If ``beta`` is negative.

    >>> import torch
    >>> KLLoss(beta=0.1)(mu=torch.tensor([[1., 2.]]), logvar=torch.zeros(1, 2))
    tensor([0.2500])
    """

    def __init__(self, beta: float = 0.141) -> None:
        super().__init__()
        if not beta >= 0:
            raise IBGANError(f'beta must be at least 0, got {beta}')
        self.beta = beta

    def forward(self, mu: Tensor, logvar: Tensor) -> Tensor:
        """Loss per sample, N, in nats, of the encoder's mean and log-variance, each N x r_dim."""
        return self.beta * functional.mi_upper_bound(mu, logvar)
