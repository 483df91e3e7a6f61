"""Latent traversals: what each dimension of the representation does to the image."""
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ibgan_plugin.models.axes import LatentAxis
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.utils.errors import IBGANError

#: Values of the images that are made at once, a GiB of float32.
MAX_VALUES = 1 << 28
#: Standard deviations of the prior: beyond all sense, and well within what a float holds.
MAX_LIMIT = 1000


def check_number(model: LatentModel, num: int) -> None:
    """Raise IBGANError where ``num`` images of a model would take more memory than pictures are worth."""
    most = MAX_VALUES // prod(model.image_shape)
    if num > most:
        raise IBGANError(f'{num:,} images of {" x ".join(map(str, model.image_shape))} at once are too many, at most {most:,}')


class Traversal(NamedTuple):
    """Images of a traversal, its rows ordered by KL, highest first."""
    imgs: Tensor | np.ndarray  # r_dim x steps x C x S x S, in [-1, 1]; or pixels, uint8 r_dim x steps x S x S x 3
    dims: list[int]  # r_dim, the dimension that each row varies
    kl: list[float] | None  # r_dim, nats, of each row; None where the model has none
    limit: float = 2.0  # the rows go from -limit to limit, in standard deviations of the prior N(0, I);
    center: Tensor | np.ndarray | None = None  # the image of the point that the rows cross
    ranges: list[tuple[float, float]] | None = None  # of another prior: r_dim, the values of r between which each row goes


@torch.no_grad()
def traverse(model: LatentModel, steps: int = 11, limit: float = 2.0, base: Tensor | None = None, seed: int = 0) -> Traversal:
    """Vary one dimension of r at a time over what its prior holds, the others at ``base``.

    The model should be in eval mode. The global random state is left alone.

    Args:
        model: Model to look at.
        steps: Images a row, at least 2.
        limit: A row goes so many standard deviations of the prior, up to 1,000, to both sides of its centre, within its support:
            2 of U(-1, 1) are all of it. A class goes from off, where the code is that of ``base`` or next to it, to on.
        base: Representation (r_dim,) to start from; by default the prior's centre: its mean, and of classes the first.
        seed: Seed of the KL estimate.

    >>> from ibgan_plugin.models import VAE
    >>> model = VAE(encoder=dict(type='ibgan_plugin.ImageEncoder'), decoder=dict(type='ibgan_plugin.ImageDecoder')).eval()
    >>> traverse(model, steps=3).imgs.shape
    torch.Size([10, 3, 1, 64, 64])
    """
    check_range(steps, limit)
    check_number(model, model.r_dim * steps)
    kl = model.kl_per_dim(seed=seed)
    dims = list(range(model.r_dim)) if kl is None else kl.argsort(descending=True).tolist()
    axes = model.latent_axes
    base = torch.tensor([axis.center for axis in axes]) if base is None else base
    codes = torch.cat([_row(base, dim, axes[dim], steps, limit) for dim in dims])  # (rows steps) x r_dim
    decoded = model.decode(torch.cat([base[None], codes]))
    imgs = decoded[1:].unflatten(0, (len(dims), steps))
    ranges = None if all(axis == LatentAxis() for axis in axes) else [axes[dim].ends(limit) for dim in dims]
    return Traversal(imgs, dims, None if kl is None else kl[dims].tolist(), limit, decoded[0], ranges)


def _row(base: Tensor, dim: int, axis: LatentAxis, steps: int, limit: float) -> Tensor:
    """Representations steps x r_dim that vary one dimension of ``base``; of the classes of a code, one is on in each."""
    codes = base.repeat(steps, 1)
    codes[:, dim] = torch.linspace(*axis.ends(limit), steps)
    if axis.classes:
        likeliest = max((each for each in axis.classes if each != dim), key=lambda each: float(base[each]))
        is_on = codes[:, dim] > 0.5
        codes[:, list(axis.classes)] = 0.0
        codes[is_on, dim] = 1.0
        codes[~is_on, likeliest] = 1.0
    return codes


def check_range(steps: int, limit: float) -> None:
    """Raise IBGANError unless a traversal can have so many images a row, and go so far."""
    if steps < 2:
        raise IBGANError(f'steps must be at least 2, got {steps}')
    if not 0 < limit <= MAX_LIMIT:
        raise IBGANError(f'limit must be a positive number of at most {MAX_LIMIT:,}, got {limit}')


@torch.no_grad()
def sample(model: LatentModel, num: int, seed: int = 0) -> Tensor:
    """``num`` images N x C x S x S in [-1, 1] of codes of a seed, the global random state left alone."""
    check_number(model, num)
    return model.decode(model.sample_latents(num, seed=seed))
