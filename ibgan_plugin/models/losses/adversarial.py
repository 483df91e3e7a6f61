"""Adversarial losses."""
from collections.abc import Callable, Sequence

import torch
from mmengine.logging import MessageHub
from torch import Tensor, nn

from ibgan_plugin.models.losses import functional
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class AdversarialLoss(nn.Module):
    """The adversarial game V(D, G).

    Args:
        mode: ``'non_saturating'`` (binary cross-entropy), ``'hinge'``, ``'least_squares'`` or ``'wasserstein'``.
        real_label: Target of real images in D's loss: a number, or a range ``(low, high)`` from which one label a sample is
            drawn (published: 1 for dSprites, ``(0.7, 1.2)`` for CelebA and 3D Chairs).

    Raises:
        IBGANError: If ``mode`` is unknown, or ``real_label`` is neither a number nor an ordered pair.

    >>> import torch
    >>> loss = AdversarialLoss('hinge')
    >>> loss.discriminator(torch.tensor([[2.], [0.]]), torch.tensor([[-3.], [0.]]))
    {'loss_disc_real': tensor([0., 1.]), 'loss_disc_fake': tensor([0., 1.])}
    >>> loss.generator(torch.tensor([[0.5]]))
    {'loss_gen': tensor([-0.5000])}
    """

    def __init__(self, mode: str = 'non_saturating', real_label: float | Sequence[float] = 1.0) -> None:
        super().__init__()
        if mode not in functional.ADVERSARIAL:
            raise IBGANError(f'mode must be one of {sorted(functional.ADVERSARIAL)}, got {mode!r}')
        bounds = (real_label, real_label) if isinstance(real_label, (int, float)) else tuple(real_label)
        if len(bounds) != 2 or bounds[0] > bounds[1]:
            raise IBGANError(f'real_label must be a number or (low, high) with low <= high, got {real_label!r}')
        self.mode = mode
        self.low, self.high = bounds
        self.functions = functional.ADVERSARIAL[mode]

    def extra_repr(self) -> str:
        """Arguments, for ``print(model)``."""
        return f'mode={self.mode!r}, real_label=({self.low}, {self.high})'

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        """D's losses ``loss_disc_real`` and ``loss_disc_fake`` (each N) of logits N x 1."""
        label = self.low if self.low == self.high else torch.empty_like(real_logits).uniform_(self.low, self.high)
        return dict(loss_disc_real=self.functions.real(real_logits, label).squeeze(1),
                    loss_disc_fake=self.functions.fake(fake_logits).squeeze(1))

    def generator(self, fake_logits: Tensor) -> dict[str, Tensor]:
        """G's loss ``loss_gen`` (N) of logits N x 1."""
        return dict(loss_gen=self.functions.generator(fake_logits).squeeze(1))


@MODELS.register_module()
class GradientPenalty(nn.Module):
    """WGAN-GP's penalty on the critic's gradient (Gulrajani et al., 2017).

    Args:
        weight: Factor of the penalty, above 0; published: 10.

    Raises:
        IBGANError: If ``weight`` is not above 0.

    >>> import torch
    >>> critic = lambda imgs: 3 * imgs.sum((1, 2, 3))[:, None]
    >>> GradientPenalty(weight=10.0)(critic, torch.ones(2, 1, 1, 1), torch.zeros(2, 1, 1, 1)).detach()
    tensor([40., 40.])
    """

    def __init__(self, weight: float = 10.0) -> None:
        super().__init__()
        if not weight > 0:
            raise IBGANError(f'weight must be above 0, got {weight}')
        self.weight = weight

    def forward(self, critic: Callable[[Tensor], Tensor], real_imgs: Tensor, fake_imgs: Tensor) -> Tensor:
        """Weighted penalty, N; see :func:`ibgan_plugin.models.losses.functional.gradient_penalty`."""
        return self.weight * functional.gradient_penalty(critic, real_imgs, fake_imgs)


@MODELS.register_module()
class R1Penalty(nn.Module):
    """Penalty on the critic's gradient at real images (Mescheder et al., 2018), lazily (Karras et al., 2020, appendix B).

    It is computed every ``interval`` iterations with ``interval`` times its weight, and is 0 in between; the iteration is the
    run's, so a resumed run goes on in step.

    Args:
        weight: ``gamma``; the penalty is ``gamma / 2`` times the squared norm of the gradient. Above 0.
        interval: Iterations from one computation to the next, at least 1; published: 16.

    Raises:
        IBGANError: If ``weight`` is not above 0 or ``interval`` is below 1.

    >>> import torch
    >>> critic = lambda imgs: 3 * imgs.sum((1, 2, 3))[:, None]
    >>> R1Penalty(weight=2.0, interval=1)(critic, torch.ones(2, 1, 1, 1), torch.zeros(2, 1, 1, 1)).detach()
    tensor([9., 9.])
    """

    def __init__(self, weight: float = 10.0, interval: int = 16) -> None:
        super().__init__()
        if not weight > 0 or interval < 1:
            raise IBGANError(f'weight must be above 0 and interval at least 1, got {weight} and {interval}')
        self.weight, self.interval = weight, interval

    def extra_repr(self) -> str:
        """Arguments, for ``print(model)``."""
        return f'weight={self.weight}, interval={self.interval}'

    def forward(self, critic: Callable[[Tensor], Tensor], real_imgs: Tensor, fake_imgs: Tensor) -> Tensor:
        """Weighted penalty, N; see :func:`ibgan_plugin.models.losses.functional.r1_penalty`. The fakes are not looked at."""
        if MessageHub.get_current_instance().get_info('iter', 0) % self.interval:
            return real_imgs.new_zeros(len(real_imgs))
        return self.interval * self.weight * functional.r1_penalty(critic, real_imgs)
