"""The terms of the IB-GAN objective as pure functions: one value per sample (or per dimension), in nats, never reduced.

Symbols as in IB-GAN (Jeon et al., AAAI 2021): z the source code, r the representation, ``e(r|z) = N(mu, exp(logvar))``,
``q(z|x) = N(z_hat, I)``, prior ``m(r) = N(0, I)``.

Shapes and types are checked: nothing is broadcast in silence. NaN and infinity pass, as a look at the values would wait for the
device in every step; ``HealthHook`` looks at the losses.
"""
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ibgan_plugin.utils.errors import IBGANError


def check_alike(**tensors: Tensor) -> None:
    """Raise IBGANError that has the names and all shapes unless the tensors are floating point and of one shape."""
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise IBGANError(f'{name} must be floating point, got {tensor.dtype}')
    if len({tensor.shape for tensor in tensors.values()}) > 1:
        raise IBGANError(f'{" and ".join(tensors)} must have the same shape, got '
                         f'{" and ".join(str(tuple(tensor.shape)) for tensor in tensors.values())}')


def check_matrix(what: str, tensor: Tensor) -> None:
    """Raise IBGANError unless ``tensor`` is N x D."""
    if tensor.ndim != 2:
        raise IBGANError(f'{what} must be N x D, got {tuple(tensor.shape)}')


def gaussian_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """``KL(N(mu, exp(logvar)) || N(0, 1))`` per dimension, the summands of the upper bound ``I_U``.

    Args:
        mu: N x r_dim.
        logvar: N x r_dim.

    Returns:
        N x r_dim, in nats.

    >>> import torch
    >>> gaussian_kl(mu=torch.tensor([[1., 2.]]), logvar=torch.zeros(1, 2))
    tensor([[0.5000, 2.0000]])
    """
    check_alike(mu=mu, logvar=logvar)
    return -0.5 * (1 + logvar - mu.square() - logvar.exp())


def mi_upper_bound(mu: Tensor, logvar: Tensor) -> Tensor:
    """``I_U = KL(e(r|z) || m(r))`` per sample: N, in nats. Its mean bounds I(z, r) >= I(z, x) from above.

    >>> import torch
    >>> mi_upper_bound(mu=torch.tensor([[1., 2.]]), logvar=torch.zeros(1, 2))
    tensor([2.5000])
    """
    check_matrix('mu', mu)
    return gaussian_kl(mu, logvar).sum(1)


def mi_lower_bound(z: Tensor, z_hat: Tensor) -> Tensor:
    """``I_L = log q(z|x) + H(z)`` per sample, with z ~ N(0, I): ``0.5 (z^2 - (z - z_hat)^2)`` summed over z.

    Args:
        z: Source codes, N x z_dim.
        z_hat: Their reconstruction from the image, N x z_dim.

    Returns:
        N, in nats. Its mean bounds I(z, x) from below. The differential entropy H(z) is estimated on the same sample by
        ``-log N(z; 0, I)``, whose constants cancel those of q.

    >>> import torch
    >>> z = torch.tensor([[1., 2.]])
    >>> mi_lower_bound(z, z_hat=z), mi_lower_bound(z, z_hat=torch.zeros(1, 2))
    (tensor([2.5000]), tensor([0.]))
    """
    check_alike(z=z, z_hat=z_hat)
    check_matrix('z', z)
    return 0.5 * (z.square() - (z - z_hat).square()).sum(1)


def full_precision(outputs: Tensor) -> Tensor:
    """Outputs of a network in at least float32: half precision, as under autocast, is too coarse for the losses."""
    return outputs.to(torch.promote_types(outputs.dtype, torch.float32))


def reparameterize(mu: Tensor, logvar: Tensor, epsilon: Tensor | None = None) -> Tensor:
    """A sample ``r = mu + exp(logvar / 2) * epsilon`` of ``N(mu, exp(logvar))``, differentiable in both (Kingma and Welling, 2014).

    Args:
        mu: N x r_dim.
        logvar: N x r_dim.
        epsilon: Standard normal numbers N x r_dim; None draws them.

    >>> import torch
    >>> reparameterize(mu=torch.ones(1, 2), logvar=torch.zeros(1, 2), epsilon=torch.tensor([[-1., 2.]]))
    tensor([[0., 3.]])
    """
    check_alike(mu=mu, logvar=logvar, **({} if epsilon is None else dict(epsilon=epsilon)))
    return torch.addcmul(mu, (0.5 * logvar).exp(), torch.randn_like(mu) if epsilon is None else epsilon)


def add_instance_noise(imgs: Tensor, std: float | Tensor) -> Tensor:
    """``imgs`` in [-1, 1] plus Gaussian noise of standard deviation ``std``, clamped to [-1, 1] again; unchanged for 0.

    >>> import torch
    >>> float(add_instance_noise(torch.zeros(1, 1, 64, 64), std=100.0).abs().max())
    1.0
    """
    if isinstance(std, (int, float)) and not std > 0:
        if std != 0:
            raise IBGANError(f'std must be at least 0, got {std}')
        return imgs
    # Drawn in the order of the memory: on a CPU, randn_like is ten times slower for a channels-last tensor.
    noise = torch.randn_like(imgs) if imgs.is_contiguous() else torch.randn_like(imgs.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return (imgs + std * noise).clamp(-1, 1)


class AdversarialFunctions(NamedTuple):
    """Per-logit losses of one kind of GAN: ``real(logits, label)`` and ``fake(logits)`` of D, ``generator(logits)`` of G."""
    real: Callable[[Tensor, Tensor | float], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def bce_with_label(logits: Tensor, label: Tensor | float) -> Tensor:
    """``BCE(sigmoid(logits), label)``; labels outside [0, 1] are legal (published: U(0.7, 1.2)).

    >>> import torch
    >>> bce_with_label(torch.zeros(1, 1), label=0.7)
    tensor([[0.6931]])
    """
    return F.softplus(logits) - label * logits


ADVERSARIAL = {
    # Goodfellow et al., 2014: D maximises log D(x) + log(1 - D(G)), G maximises log D(G).
    'non_saturating': AdversarialFunctions(bce_with_label, F.softplus, lambda logits: F.softplus(-logits)),
    # Lim and Ye, 2017; Miyato et al., 2018, eq. 16-17.
    'hinge': AdversarialFunctions(lambda logits, label: F.relu(label - logits), lambda logits: F.relu(1 + logits), torch.neg),
    # Mao et al., 2017, eq. 9 (a = 0, b = c = 1).
    'least_squares': AdversarialFunctions(lambda logits, label: 0.5 * (logits - label).square(),
                                          lambda logits: 0.5 * logits.square(), lambda logits: 0.5 * (logits - 1).square()),
    # Arjovsky et al., 2017, eq. 2; D is a critic, kept 1-Lipschitz by the gradient penalty.
    'wasserstein': AdversarialFunctions(lambda logits, label: -label * logits, lambda logits: logits, torch.neg),
}


def gradient_penalty(critic: Callable[[Tensor], Tensor], real_imgs: Tensor, fake_imgs: Tensor) -> Tensor:
    """``(||grad D(x)|| - 1)^2`` at random points between real and fake images (Gulrajani et al., 2017, eq. 3).

    Args:
        critic: Images to logits N x 1.
        real_imgs: N x C x H x W.
        fake_imgs: N x C x H x W.

    Returns:
        N, differentiable in the critic's weights.

    >>> import torch
    >>> critic = lambda imgs: 3 * imgs.sum((1, 2, 3))[:, None]  # its gradient is 3 at the one pixel
    >>> gradient_penalty(critic, torch.ones(2, 1, 1, 1), torch.zeros(2, 1, 1, 1)).detach()
    tensor([4., 4.])
    """
    check_alike(real_imgs=real_imgs, fake_imgs=fake_imgs)
    ratio = torch.rand(len(real_imgs), 1, 1, 1, device=real_imgs.device, dtype=real_imgs.dtype)
    between = torch.lerp(fake_imgs.detach(), real_imgs, ratio).requires_grad_(True)
    gradient, = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square()


def r1_penalty(critic: Callable[[Tensor], Tensor], real_imgs: Tensor) -> Tensor:
    """``||grad D(x)||^2 / 2`` at real images (Mescheder et al., 2018, eq. 9).

    Args:
        critic: Images to logits N x 1.
        real_imgs: N x C x H x W.

    Returns:
        N, differentiable in the critic's weights.

    >>> import torch
    >>> critic = lambda imgs: 3 * imgs.sum((1, 2, 3))[:, None]  # its gradient is 3 at the one pixel
    >>> r1_penalty(critic, torch.ones(2, 1, 1, 1)).detach()
    tensor([4.5000, 4.5000])
    """
    at = real_imgs.detach().requires_grad_(True)
    gradient, = torch.autograd.grad(critic(at).sum(), at, create_graph=True)
    return 0.5 * gradient.flatten(1).square().sum(1)
