"""Priors of source codes, and the reconstructions that fit them.

A prior makes codes of standard normal noise, so that every draw in this package is a function of such noise alone. Entropies and
log-probabilities are in nats; those of continuous codes are densities.
"""
import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ibgan_plugin.models.axes import LatentAxis
from ibgan_plugin.models.losses.functional import mi_lower_bound
from ibgan_plugin.models.losses.variational import LOG_2PI, gaussian_log_density
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.seeds import generator_of


class Prior(nn.Module):
    """``p(z)`` of codes N x dim, and the family of ``q(z|x)`` whose parameters, N x coded_dim, a reconstructor gives.

    Args:
        dim: Width of the codes, at least 1.
        coded: Whether q reconstructs them; codes that it does not are noise.

    Raises:
        IBGANError: If ``dim`` is below 1.
    """

    def __init__(self, dim: int, coded: bool = True) -> None:
        super().__init__()
        if dim < 1:
            raise IBGANError(f'the width of a code must be at least 1, got {dim}')
        self.dim, self.coded_dim = dim, dim if coded else 0
        #: Mean of each number of a code.
        self.mean = 0.0

    @property
    def axes(self) -> list[LatentAxis]:
        """What each of the ``dim`` numbers of a code can be, by default as of N(0, 1)."""
        return [LatentAxis()] * self.dim

    @abstractmethod
    def from_normal(self, noise: Tensor) -> Tensor:
        """The codes N x dim that standard normal noise N x dim stands for."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """``log p(z)`` of codes N x dim: N, in nats."""

    @abstractmethod
    def entropy(self) -> float:
        """``H(z) = -E[log p(z)]`` in nats."""

    def log_likelihood(self, z: Tensor, stats: Tensor) -> Tensor:
        """``log q(z|x)``: N, in nats. For continuous codes ``N(stats, I)``.

        Args:
            z: Codes N x dim.
            stats: What the reconstructor said of them, N x dim.
        """
        return gaussian_log_density(z, stats, torch.zeros_like(stats)).sum(1)

    def posterior_mean(self, stats: Tensor) -> Tensor:
        """Mean of ``q(z|x)``: N x dim, of the reconstructor's N x coded_dim."""
        return stats

    def mi_lower_bound(self, z: Tensor, stats: Tensor) -> Tensor:
        """``I_L = log q(z|x) + H(z)`` per sample, N, in nats, H estimated on the same sample; of the coded part of z."""
        return self.log_likelihood(z, stats) - self.log_prob(z)

    def sample(self, num: int, seed: int | None = None) -> Tensor:
        """``num`` codes, num x dim, on the CPU; from a seed, or from the global random state for None."""
        return self.from_normal(torch.randn(num, self.dim, generator=generator_of(seed)))


@MODELS.register_module()
class NormalPrior(Prior):
    """``N(0, I)``, IB-GAN's and the VAEs'. Arguments as :class:`Prior`."""

    def from_normal(self, noise: Tensor) -> Tensor:
        """The noise itself."""
        return noise

    def log_prob(self, z: Tensor) -> Tensor:
        """See :class:`Prior`."""
        return -0.5 * (z.square() + LOG_2PI).sum(1)

    def entropy(self) -> float:
        """``0.5 log(2 pi e)`` a dimension."""
        return 0.5 * (LOG_2PI + 1) * self.dim

    def mi_lower_bound(self, z: Tensor, stats: Tensor) -> Tensor:
        """The same, without the constants that cancel."""
        return mi_lower_bound(z, stats)


@MODELS.register_module()
class UniformPrior(Prior):
    """Independent ``U(low, high)`` codes, reconstructed with unit variance.

    Args:
        dim: Width of the codes, at least 1.
        low: Lower end.
        high: Upper end, above ``low``.
        coded: See :class:`Prior`.

    Raises:
        IBGANError: If ``dim`` is below 1, or ``low`` not below ``high``.
    """

    def __init__(self, dim: int, low: float = -1.0, high: float = 1.0, coded: bool = True) -> None:
        super().__init__(dim, coded)
        if not low < high:
            raise IBGANError(f'low must be below high, got {low} and {high}')
        self.low, self.high = low, high
        self.mean = (low + high) / 2

    @property
    def axes(self) -> list[LatentAxis]:
        """From ``low`` to ``high`` at most, with a standard deviation of ``(high - low) / sqrt(12)``."""
        return [LatentAxis(self.mean, (self.high - self.low) / math.sqrt(12), self.low, self.high)] * self.dim

    def from_normal(self, noise: Tensor) -> Tensor:
        """By the normal distribution function."""
        return self.low + (self.high - self.low) * torch.special.ndtr(noise)

    def log_prob(self, z: Tensor) -> Tensor:
        """``-log(high - low)`` a dimension, minus infinity outside."""
        inside = ((z >= self.low) & (z <= self.high)).all(1)
        return torch.where(inside, -self.entropy(), -torch.inf).to(z.dtype)

    def entropy(self) -> float:
        """``log(high - low)`` a dimension."""
        return self.dim * math.log(self.high - self.low)


@MODELS.register_module()
class CategoricalPrior(Prior):
    """One of ``dim`` equally likely classes, as a one-hot code; the reconstructor gives logits.

    Args: as :class:`Prior`, ``dim`` at least 2.

    Raises:
        IBGANError: If there are fewer than 2 classes.
    """

    def __init__(self, dim: int, coded: bool = True) -> None:
        super().__init__(dim, coded)
        if dim < 2:
            raise IBGANError(f'a categorical code needs at least 2 classes, got dim = {dim}')
        self.mean = 1 / dim

    @property
    def axes(self) -> list[LatentAxis]:
        """Off and on; at the centre, where there must be one, it is the first class."""
        classes = tuple(range(self.dim))
        return [LatentAxis(center=float(number == 0), low=0.0, high=1.0, classes=classes) for number in classes]

    def from_normal(self, noise: Tensor) -> Tensor:
        """The class with the largest number: all are equally likely to have it."""
        return F.one_hot(noise.argmax(1), self.dim).to(noise.dtype)

    def log_prob(self, z: Tensor) -> Tensor:
        """``-log dim``."""
        return z.new_full((len(z), ), -self.entropy())

    def entropy(self) -> float:
        """``log dim``."""
        return math.log(self.dim)

    def log_likelihood(self, z: Tensor, stats: Tensor) -> Tensor:
        """``sum_k z_k log softmax(stats)_k``."""
        return (z * stats.log_softmax(1)).sum(1)

    def posterior_mean(self, stats: Tensor) -> Tensor:
        """The classes' probabilities."""
        return stats.softmax(1)


@MODELS.register_module()
class ProductPrior(Prior):
    """Independent codes of several kinds side by side, such as InfoGAN's: a class, a few uniform numbers, and noise.

    Args:
        parts: Configs of priors; those that are noise (``coded=False``) come last.

    Raises:
        IBGANError: If there are no parts, or noise comes before a code.

    Example:
        >>> prior = ProductPrior([dict(type='ibgan_plugin.CategoricalPrior', dim=3), dict(type='ibgan_plugin.UniformPrior', dim=4),
        ...                       dict(type='ibgan_plugin.NormalPrior', dim=5, coded=False)])
        >>> prior.dim, prior.coded_dim, prior.sample(2).shape
        (12, 7, torch.Size([2, 12]))
    """

    def __init__(self, parts: Sequence[dict]) -> None:
        built: list[Prior] = [MODELS.build(part) for part in parts]
        super().__init__(sum(part.dim for part in built))
        coded = [part.coded_dim > 0 for part in built]
        if coded != sorted(coded, reverse=True):
            raise IBGANError(f'parts with coded=False must come last, got coded = {coded}')
        self.parts: Any = nn.ModuleList(built)
        self.coded_dim = sum(part.coded_dim for part in built)

    def _split(self, values: Tensor, coded: bool = False) -> tuple[Tensor, ...]:
        """Columns of each part: of codes N x dim or, for ``coded``, of what the reconstructor gives, N x coded_dim."""
        return values.split([part.coded_dim if coded else part.dim for part in self.parts], dim=1)

    @property
    def axes(self) -> list[LatentAxis]:
        """Side by side."""
        axes: list[LatentAxis] = []
        for part in self.parts:
            start = len(axes)
            axes += [axis._replace(classes=tuple(start + number for number in axis.classes)) for axis in part.axes]
        return axes

    def from_normal(self, noise: Tensor) -> Tensor:
        """Each part of its own noise."""
        return torch.cat([part.from_normal(z) for part, z in zip(self.parts, self._split(noise), strict=True)], dim=1)

    def log_prob(self, z: Tensor) -> Tensor:
        """The sum."""
        return torch.stack([part.log_prob(z) for part, z in zip(self.parts, self._split(z), strict=True)]).sum(0)

    def entropy(self) -> float:
        """The sum."""
        return sum(part.entropy() for part in self.parts)

    def log_likelihood(self, z: Tensor, stats: Tensor) -> Tensor:
        """The sum over the coded parts."""
        return self._over_coded('log_likelihood', z, stats)

    def mi_lower_bound(self, z: Tensor, stats: Tensor) -> Tensor:
        """The sum over the coded parts."""
        return self._over_coded('mi_lower_bound', z, stats)

    def posterior_mean(self, stats: Tensor) -> Tensor:
        """Side by side; of noise, of which q says nothing, the prior's mean."""
        row = torch.zeros_like(stats[:, :1])  # N x 1, so that a traced model takes any N
        means = [part.posterior_mean(s) if part.coded_dim else (row + part.mean).expand(-1, part.dim)
                 for part, s in zip(self.parts, self._split(stats, True), strict=True)]
        return torch.cat(means, dim=1)

    def _over_coded(self, method: str, z: Tensor, stats: Tensor) -> Tensor:
        parts = zip(self.parts, self._split(z), self._split(stats, True), strict=True)
        return torch.stack([getattr(part, method)(code, stat) for part, code, stat in parts if part.coded_dim]).sum(0)
