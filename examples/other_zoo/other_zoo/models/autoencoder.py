"""An autoencoder that knows nothing of GANs, and yet runs in all tools of ibgan_plugin: it is a ``LatentModel``."""
from typing import Any

from torch import Tensor, nn

from ibgan_plugin.models.base import LatentModel
from other_zoo.registry import MODELS


@MODELS.register_module()
class Autoencoder(LatentModel):
    """Images to r and back by two linear layers each; r is kept near N(0, I) by a penalty on its square.

    Args:
        r_dim: Width of the representation.
        image_shape: Channels, height and width of an image.
        width: Of the hidden layers.
        penalty: Weight of the mean square of r.
        kwargs: Arguments of MMEngine's ``BaseModel``: ``data_preprocessor`` and ``init_cfg``.
    """

    def __init__(self, r_dim: int = 10, image_shape: tuple[int, int, int] = (1, 64, 64), width: int = 256, penalty: float = 0.01,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.r_dim, self.image_shape, self.penalty = r_dim, tuple(image_shape), penalty
        pixels = image_shape[0] * image_shape[1] * image_shape[2]
        self.to_r = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.ReLU(), nn.Linear(width, r_dim))
        self.to_image = nn.Sequential(nn.Linear(r_dim, width), nn.ReLU(), nn.Linear(width, pixels), nn.Tanh(),
                                      nn.Unflatten(1, self.image_shape))

    def encode(self, imgs: Tensor) -> Tensor:
        """Images N x C x S x S to r, N x r_dim."""
        return self.to_r(imgs)

    def decode(self, r: Tensor) -> Tensor:
        """r to images in [-1, 1]."""
        return self.to_image(r)

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = 'tensor') -> Any:
        """MMEngine's ``'loss'``; the other modes are those of every ``LatentModel``."""
        if mode != 'loss':
            return super().forward(inputs, data_samples, mode)
        r = self.encode(inputs)
        return dict(loss_reconstruction=(self.decode(r) - inputs).square().mean(), loss_penalty=self.penalty * r.square().mean())
