"""A model as the page sees it: representations in, pixels out."""
from typing import Any

import numpy as np
import torch

from ibgan_plugin.apis.dataset import encode_pixels, kl_of
from ibgan_plugin.models.axes import LatentAxis
from ibgan_plugin.models.base import LatentModel, is_active
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.grids import to_pixels

#: End of a slider, in standard deviations of the prior.
LIMIT = 3.0


class ExploredModel:
    """A model in eval mode, with what is asked of it again and again worked out once.

    Args:
        name: Shown above it.
        model: The model.
        imgs: Images uint8 N x C x S x S from which the KL is measured, for models whose posterior is that of images.
    """

    def __init__(self, name: str, model: LatentModel, imgs: np.ndarray | None = None) -> None:
        self.name, self.model = name, model.eval()
        self.kl = kl_of(model, imgs)
        try:
            encode_pixels(model, np.zeros((1, *model.image_shape), np.uint8))
            self.can_encode = True
        except IBGANError:
            self.can_encode = False

    @property
    def dims(self) -> list[int]:
        """Dimensions of r by their KL, highest first."""
        kl = self.kl or [0.0] * self.model.r_dim
        return sorted(range(self.model.r_dim), key=lambda dim: -kl[dim])

    @property
    def active(self) -> list[bool]:
        """Whether each dimension of r says something about the image; all do where the model has no KL."""
        return [True] * self.model.r_dim if self.kl is None else [is_active(value) for value in self.kl]

    def describe(self) -> dict[str, Any]:
        """What the page shows of it, as plain data."""
        channels, height, width = self.model.image_shape
        return dict(name=self.name, r_dim=self.model.r_dim, channels=channels, height=height, width=width, dims=self.dims,
                    kl=self.kl, active=self.active, axes=[_described(axis) for axis in self.model.latent_axes],
                    can_encode=self.can_encode)

    @torch.no_grad()
    def decode(self, r: np.ndarray) -> np.ndarray:
        """Pixels uint8 N x S x S x 3 of representations float N x r_dim."""
        return np.ascontiguousarray(to_pixels(self.model.decode(torch.as_tensor(r, dtype=torch.float32))))

    @torch.no_grad()
    def sample(self, seed: int) -> list[float]:
        """A representation (r_dim,) as the model draws it for a new image."""
        return self.model.sample_latents(1, seed=seed)[0].tolist()


def _described(axis: LatentAxis) -> dict[str, Any]:
    """What a slider shows of a dimension of r: ends, centre, classes, and the unit where it is not that of r."""
    low, high = axis.ends(LIMIT)
    return dict(low=low, high=high, center=axis.center, classes=axis.classes,
                unit='standard deviations of its prior' if axis == LatentAxis() else '')
