"""z -> r -> x as one network."""
from collections.abc import Callable

import torch
from mmengine.model import BaseModule
from torch import Tensor

from ibgan_plugin.models.latent_gan import draw_r
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class NoiseGenerator(BaseModule):
    """The encoder and the generator of IB-GAN as the generator of another zoo's GAN, with the signature of mmagic's.

    Args:
        generator: Config of G(r).
        encoder: Config of e(r|z), or None for r = z.
        init_cfg: MMEngine initialisation.

    Attributes:
        noise_size: Width of z.
    """

    def __init__(self, generator: dict, encoder: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.encoder = None if encoder is None else MODELS.build(encoder)
        self.generator = MODELS.build(generator)
        self.noise_size: int = self.generator.r_dim if self.encoder is None else self.encoder.z_dim

    def forward(self, noise: Tensor | Callable[[tuple[int, int]], Tensor] | None = None, num_batches: int = 1,
                return_noise: bool = False) -> Tensor | dict[str, Tensor]:
        """Images N x C x S x S in [-1, 1].

        Args:
            noise: Source codes N x noise_size; a function of their shape that draws them; or None to draw standard normal ones.
            num_batches: Number of codes to draw.
            return_noise: Whether to give ``dict(fake_img=..., noise_batch=...)``.
        """
        if not isinstance(noise, Tensor):
            noise = (noise or torch.randn)((num_batches, self.noise_size))
        noise = noise.to(next(self.parameters()).device)
        imgs = self.generator(draw_r(self.encoder, noise)[0])
        return dict(fake_img=imgs, noise_batch=noise) if return_noise else imgs
