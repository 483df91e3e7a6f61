"""What a VAE asks of its posterior: one registered class a method, a pure function of :mod:`variational` behind each.

The ELBO is ``E[log p(x|r)] - KL(q(r|x) || p(r))``; each regulariser is what stands in place of its second term. Weights that change
in training, such as a warm-up of beta, are set by :class:`~ibgan_plugin.engine.hooks.schedule.ScheduleHook`.
"""
from abc import abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from ibgan_plugin.models.losses import variational
from ibgan_plugin.models.losses.functional import mi_upper_bound
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


class Posterior(NamedTuple):
    """``q(r|x) = N(mu, exp(logvar))`` of a batch and a sample of it, each N x r_dim."""
    mu: Tensor
    logvar: Tensor
    r: Tensor


class Regulariser(nn.Module):
    """Base class: losses of a batch's posteriors."""

    @abstractmethod
    def forward(self, posterior: Posterior) -> dict[str, Tensor]:
        """Losses in nats by name, per sample (N) or of the batch (one number)."""


def _check_least(least: float, **weights: float) -> None:
    """Raise IBGANError unless all weights are at least ``least``."""
    for name, weight in weights.items():
        if not weight >= least:
            raise IBGANError(f'{name} must be at least {least:g}, got {weight}')


@MODELS.register_module()
class KLRegulariser(Regulariser):
    """``beta KL(q(r|x) || p(r))``: VAE for ``beta = 1`` (Kingma and Welling, 2014), else beta-VAE (Higgins et al., 2017, eq. 4).

    Args:
        beta: Weight, at least 0. The study: 1, 2, 4, 6, 8, 16.

    Raises:
        IBGANError: If ``beta`` is negative.

    >>> import torch
    >>> mu = torch.tensor([[1., 2.]])
    >>> KLRegulariser(beta=4.0)(Posterior(mu, logvar=torch.zeros(1, 2), r=mu))
    {'loss_kl': tensor([10.])}
    """

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        _check_least(0, beta=beta)
        self.beta = beta

    def forward(self, posterior: Posterior) -> dict[str, Tensor]:
        """``loss_kl``, N."""
        return dict(loss_kl=self.beta * mi_upper_bound(posterior.mu, posterior.logvar))


@MODELS.register_module()
class CapacityRegulariser(Regulariser):
    """``gamma |E[KL(q(r|x) || p(r))] - C|`` with a growing capacity C: AnnealedVAE (Burgess et al., 2018, eq. 8).

    A ``ScheduleHook`` with ``field='regulariser.capacity'`` raises C; the study: from 0 to 5, 10, 25, 50, 75 or 100 over 100,000
    iterations.

    Args:
        capacity: C in nats at the start, at least 0.
        gamma: Weight, at least 0. The study: 1000.

    Raises:
        IBGANError: If one of them is negative.

    >>> import torch
    >>> mu = torch.tensor([[1., 2.]])
    >>> CapacityRegulariser(capacity=2.0)(Posterior(mu, logvar=torch.zeros(1, 2), r=mu))
    {'loss_capacity': tensor(500.)}
    """

    def __init__(self, capacity: float = 0.0, gamma: float = 1000.0) -> None:
        super().__init__()
        _check_least(0, capacity=capacity, gamma=gamma)
        self.capacity, self.gamma = capacity, gamma

    def forward(self, posterior: Posterior) -> dict[str, Tensor]:
        """``loss_capacity``, one number."""
        kl = mi_upper_bound(posterior.mu, posterior.logvar)  # N
        return dict(loss_capacity=self.gamma * variational.capacity_penalty(kl, self.capacity))


@MODELS.register_module()
class TotalCorrelationRegulariser(Regulariser):
    """``KL(q(r|x) || p(r)) + (beta - 1) TC(r)``: beta-TCVAE with alpha = gamma = 1 (Chen et al., 2018, eq. 4).

    Args:
        beta: Weight of the total correlation, at least 1, which is the VAE. The study: 1, 2, 4, 6, 8, 10.
        dataset_size: Images in the data set; shifts the estimate by a constant, see :func:`variational.total_correlation`.

    Raises:
        IBGANError: If ``beta`` or ``dataset_size`` is below 1.

    >>> import torch
    >>> mu = torch.tensor([[1., 2.]])
    >>> TotalCorrelationRegulariser(beta=6.0)(Posterior(mu, logvar=torch.zeros(1, 2), r=mu))
    {'loss_kl': tensor([2.5000]), 'loss_tc': tensor([0.])}
    """

    def __init__(self, beta: float = 6.0, dataset_size: int = 1) -> None:
        super().__init__()
        _check_least(1, beta=beta, dataset_size=dataset_size)
        self.beta, self.dataset_size = beta, dataset_size

    def forward(self, posterior: Posterior) -> dict[str, Tensor]:
        """``loss_kl`` and ``loss_tc``, each N."""
        mu, logvar, r = posterior
        tc = variational.total_correlation(r, mu, logvar, self.dataset_size)
        return dict(loss_kl=mi_upper_bound(mu, logvar), loss_tc=(self.beta - 1) * tc)


@MODELS.register_module()
class DIPRegulariser(Regulariser):
    """``KL(q(r|x) || p(r)) + lambda_od sum_{i != j} C_ij^2 + lambda_d sum_i (C_ii - 1)^2``: DIP-VAE (Kumar et al., 2018, eq. 6, 7).

    C is the covariance over the batch, of the posterior means (variant I) or of r (variant II).

    Args:
        variant: ``'i'`` or ``'ii'``.
        off_diagonal: ``lambda_od``, at least 0. The study: 1, 2, 5, 10, 20, 50.
        diagonal: ``lambda_d``, at least 0; None for the study's, 10 ``lambda_od`` in variant I and ``lambda_od`` in variant II.

    Raises:
        IBGANError: If ``variant`` is another or a weight negative.

    >>> import torch
    >>> mu = torch.tensor([[1., 2.], [-1., -2.]])
    >>> DIPRegulariser('i', off_diagonal=1.0)(Posterior(mu, logvar=torch.zeros(2, 2), r=mu))
    {'loss_kl': tensor([2.5000, 2.5000]), 'loss_dip': tensor(98.)}
    """

    def __init__(self, variant: str, off_diagonal: float = 10.0, diagonal: float | None = None) -> None:
        super().__init__()
        if variant not in ('i', 'ii'):
            raise IBGANError(f"variant must be 'i' or 'ii', got {variant!r}")
        diagonal = off_diagonal * (10 if variant == 'i' else 1) if diagonal is None else diagonal
        _check_least(0, off_diagonal=off_diagonal, diagonal=diagonal)
        self.variant, self.off_diagonal, self.diagonal = variant, off_diagonal, diagonal

    def forward(self, posterior: Posterior) -> dict[str, Tensor]:
        """``loss_kl``, N, and ``loss_dip``, one number."""
        covariance = variational.aggregate_covariance(posterior.mu, posterior.logvar if self.variant == 'ii' else None)
        return dict(loss_kl=mi_upper_bound(posterior.mu, posterior.logvar),
                    loss_dip=variational.dip_penalty(covariance, self.off_diagonal, self.diagonal))
