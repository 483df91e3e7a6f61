"""The stochastic encoder e(r given z)."""
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ibgan_plugin.models.networks.layers import NORMAL_INIT, check_input, check_widths
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class Encoder(BaseModule):
    """Diagonal Gaussian ``e(r given z)``: an MLP from the source code to mean and log-variance of IB-GAN.

    Args:
        z_dim: Width of the source code z.
        r_dim: Width of the bottleneck representation r.
        hidden_dims: Widths of the hidden layers. Published: ``(32, 32)`` for dSprites, ``(64, 64, 32)`` for CelebA and 3D Chairs.
        norm: Whether a BatchNorm stands before each ReLU. Published: only for CelebA and 3D Chairs.
        initial_logvar: Bias of the log-variances before training; None leaves it to ``init_cfg``. Published: 0, where r is at first
            hardly more than noise, so that q has nothing of z to read; with -4, r is almost a function of z, and beta takes out
            what it need not say.
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If a width is impossible.
    """

    def __init__(self, z_dim: int = 16, r_dim: int = 10, hidden_dims: tuple[int, ...] = (32, 32), norm: bool = False,
                 initial_logvar: float | None = None, init_cfg: dict | list[dict] | None = NORMAL_INIT) -> None:
        super().__init__(init_cfg)
        check_widths(self, z_dim=z_dim, r_dim=r_dim, **{f'hidden_dims[{i}]': width for i, width in enumerate(hidden_dims)})
        self.z_dim, self.r_dim, self.initial_logvar = z_dim, r_dim, initial_logvar
        layers: list[nn.Module] = []
        width = z_dim
        for hidden in hidden_dims:
            layers += [nn.Linear(width, hidden), *([nn.BatchNorm1d(hidden)] if norm else []), nn.ReLU(inplace=True)]
            width = hidden
        self.net = nn.Sequential(*layers, nn.Linear(width, 2 * r_dim))
        self._set_logvar()

    def init_weights(self) -> None:
        """As MMEngine, but for the bias of the log-variances."""
        super().init_weights()
        self._set_logvar()

    @torch.no_grad()
    def _set_logvar(self) -> None:
        if self.initial_logvar is not None:
            self.net[-1].bias[self.r_dim:] = self.initial_logvar  # type: ignore[index,operator]

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """``z`` N x z_dim to ``mu`` and ``logvar``, each N x r_dim."""
        check_input(self, 'source codes', z, self.z_dim)
        mu, logvar = self.net(z).chunk(2, dim=1)
        return mu, logvar
