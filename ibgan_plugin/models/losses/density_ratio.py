"""The total correlation by a critic."""
from torch import Tensor, nn

from ibgan_plugin.models.losses import variational
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class DensityRatioLoss(nn.Module):
    """``gamma TC(r)`` by a critic's density ratio: both sides of FactorVAE's game (Kim and Mnih, 2018, eq. 2 and algorithm 2).

    Args:
        gamma: Weight of the total correlation, at least 0. The study: 10, 20, 30, 40, 50, 100; the paper, on dSprites: 35.

    Raises:
        IBGANError: If ``gamma`` is negative.

    >>> import torch
    >>> DensityRatioLoss(gamma=35.0).autoencoder(logits=torch.tensor([[1., 0.]]))
    {'loss_tc': tensor([35.])}
    """

    def __init__(self, gamma: float = 35.0) -> None:
        super().__init__()
        if not gamma >= 0:
            raise IBGANError(f'gamma must be at least 0, got {gamma}')
        self.gamma = gamma

    def autoencoder(self, logits: Tensor) -> dict[str, Tensor]:
        """``loss_tc``, N, of the critic's logits N x 2 of samples of q(r)."""
        return dict(loss_tc=self.gamma * variational.log_density_ratio(logits))

    def critic(self, logits: Tensor, permuted_logits: Tensor) -> dict[str, Tensor]:
        """``loss_critic``, N, of the critic's logits N x 2 of samples of q(r) and of permuted ones."""
        return dict(loss_critic=variational.critic_nll(logits, permuted_logits))
