"""Composition and inference of a GAN with a latent bottleneck: z -> r -> x -> z."""
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ibgan_plugin.models.axes import LatentAxis
from ibgan_plugin.models.base import LatentModel, Method, Part, device_of, standard_normal
from ibgan_plugin.models.freeze import evaluating, unwrap
from ibgan_plugin.models.losses.functional import full_precision, gaussian_kl, reparameterize
from ibgan_plugin.models.priors import NormalPrior, Prior
from ibgan_plugin.models.validation import check_components, check_images
from ibgan_plugin.registry import MODELS
from ibgan_plugin.structures import to_samples
from ibgan_plugin.utils.errors import IBGANError


def build(cfg: dict | None) -> Any:
    """The component of a config; None stays None."""
    return None if cfg is None else MODELS.build(cfg)


def draw_r(encoder: nn.Module | None, z: Tensor, epsilon: Tensor | None = None) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """r given z, and the mean and log-variance of e(r given z) it is drawn from, each N x r_dim.

    Args:
        encoder: e(r given z); None for r = z, which has no mean and log-variance.
        z: Source codes N x z_dim.
        epsilon: Standard normal numbers N x r_dim; None draws them.
    """
    if encoder is None:
        return z, None, None
    mu, logvar = (full_precision(stat) for stat in encoder(z))
    return reparameterize(mu, logvar, epsilon), mu, logvar


class PosteriorMean(nn.Module):
    """The mean of e(r given z): N x z_dim -> N x r_dim."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, z: Tensor) -> Tensor:
        """Drop the variance."""
        return self.encoder(z)[0]


@torch.no_grad()
def _image_shape(generator: Any, r_dim: int) -> tuple[int, int, int]:
    """Channels, height and width of what a generator makes: from its attributes, or, of another package's, from one image."""
    if hasattr(generator, 'out_channels') and hasattr(generator, 'image_size'):
        return generator.out_channels, generator.image_size, generator.image_size
    with evaluating(generator):
        _, channels, height, width = generator(torch.zeros(1, r_dim)).shape
    return channels, height, width


class LatentGAN(LatentModel):
    """Encoder e(r|z), generator G(r), discriminator D(x) and reconstructor q(z|x), and what they do when not trained.

    Args:
        generator, discriminator, encoder, reconstructor, trunk, trunk_owner, data_preprocessor, init_cfg, prior: See
            :class:`~ibgan_plugin.models.ibgan.IBGAN`.

    Raises:
        IBGANError: If two components do not fit each other, naming both fields and values.
    """

    def __init__(self, generator: dict, discriminator: dict, encoder: dict | None, reconstructor: dict | None, trunk: dict | None,
                 trunk_owner: str, data_preprocessor: dict | None, init_cfg: dict | None, prior: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.encoder, self.generator, self.trunk = build(encoder), build(generator), build(trunk)
        self.discriminator, self.reconstructor = build(discriminator), build(reconstructor)
        self.trunk_owner = trunk_owner
        # noise_size is what generators of other packages call it
        self.r_dim: int = self.generator.r_dim if hasattr(self.generator, 'r_dim') else self.generator.noise_size
        self.z_dim: int = self.r_dim if self.encoder is None else self.encoder.z_dim
        self.prior: Prior = NormalPrior(self.z_dim) if prior is None else build(prior)
        check_components(
            generator=self.generator, discriminator=self.discriminator, encoder=self.encoder, reconstructor=self.reconstructor,
            trunk=self.trunk, prior=self.prior, trunk_owner=trunk_owner, r_dim=self.r_dim, z_dim=self.z_dim)
        self.image_shape = _image_shape(self.generator, self.r_dim)

    def optim_groups(self) -> dict[str, list[str]]:
        """Names of the submodules that each of the two optimisers trains."""
        if self.trunk_owner == 'both':
            groups = dict(generator=['encoder', 'generator'], discriminator=['discriminator', 'trunk', 'reconstructor'])
        else:
            groups = dict(generator=['encoder', 'generator', 'reconstructor'], discriminator=['discriminator'])
            groups[self.trunk_owner].append('trunk')
        return {key: [name for name in names if getattr(self, name) is not None] for key, names in groups.items()}

    def noise_fn(self, noise: Tensor | None = None, num_batches: int = 1) -> Tensor:
        """``noise`` on the model's device, or ``num_batches`` fresh source codes z ~ p(z): N x z_dim."""
        device = device_of(self)
        if noise is None:
            return self.prior.from_normal(torch.randn(num_batches, self.z_dim, device=device))
        if noise.ndim != 2 or noise.shape[1] != self.z_dim:
            raise IBGANError(f'noise must be N x {self.z_dim} (z_dim), got {tuple(noise.shape)}')
        return noise.to(device)

    def posterior(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of e(r|z), each N x r_dim. Where r = z, these are z and minus infinity."""
        return (z, torch.full_like(z, -torch.inf)) if self.encoder is None else unwrap(self.encoder)(z)

    def encode(self, imgs: Tensor) -> Tensor:
        """The representation of clean images N x C x S x S: the mean of e(r|z) at the mean of q(z|x), N x r_dim.

        Of codes that q does not reconstruct, such as InfoGAN's noise, it is the prior's mean.
        """
        if self.reconstructor is None:
            raise IBGANError('this model has no reconstructor, so it can not encode images')
        check_images(imgs, self.image_shape)
        features = imgs if self.trunk is None else unwrap(self.trunk)(imgs)
        return self.posterior(self.prior.posterior_mean(unwrap(self.reconstructor)(features)))[0]

    def decode(self, r: Tensor) -> Tensor:
        """Images N x C x S x S in [-1, 1] of representations N x r_dim, without instance noise."""
        return unwrap(self.generator)(r.to(device_of(self)))

    @property
    def noise_dim(self) -> int:
        """That of z, and where r is drawn given z, of r."""
        return self.z_dim if self.encoder is None else self.z_dim + self.r_dim

    @property
    def latent_axes(self) -> Sequence[LatentAxis]:
        """Those of the prior of z where r = z."""
        return self.prior.axes if self.encoder is None else super().latent_axes

    def latents_of(self, noise: Tensor) -> Tensor:
        """r of noise N x (z_dim + r_dim): of z, and of the numbers behind the draw from e(r|z)."""
        return self.draw(self.prior.from_normal(noise[:, :self.z_dim]), noise[:, self.z_dim:])

    def draw(self, z: Tensor, epsilon: Tensor | None = None) -> Tensor:
        """r given z: N x r_dim, of source codes N x z_dim and standard normal numbers N x r_dim; None draws these."""
        return draw_r(unwrap(self.encoder), z, epsilon)[0]

    @torch.no_grad()
    def kl_per_dim(self, imgs: Tensor | None = None, num: int = 4096, seed: int = 0) -> Tensor | None:
        """``E_z KL(e(r|z) || N(0, 1))`` of each dimension, (r_dim,) in nats, over ``num`` codes z; None without an encoder."""
        if self.encoder is None:
            return None
        z = self.prior.from_normal(standard_normal(num, self.z_dim, seed).to(device_of(self)))
        return gaussian_kl(*self.posterior(z)).mean(0)

    def exportable_parts(self) -> dict[str, Part]:
        """The parts that there are: ``generator`` (``r`` -> ``image``), ``encoder`` (``z`` -> ``mu``, ``logvar``),
        ``reconstructor`` (``image`` -> ``z``, through the trunk if there is one), ``representation`` (``image`` -> ``r``)."""
        device = device_of(self)
        parts = dict(generator=Part(self.generator, torch.zeros(2, self.r_dim, device=device), 'r', ('image', )))
        if self.encoder is not None:
            parts['encoder'] = Part(self.encoder, torch.zeros(2, self.z_dim, device=device), 'z', ('mu', 'logvar'))
        if self.reconstructor is not None:
            imgs = torch.zeros(2, *self.image_shape, device=device)
            chain = [*([] if self.trunk is None else [self.trunk]), self.reconstructor]
            parts['reconstructor'] = Part(nn.Sequential(*chain), imgs, 'image', ('z', ))
            mean = [Method(self.prior, 'posterior_mean'), *([] if self.encoder is None else [PosteriorMean(self.encoder)])]
            parts['representation'] = Part(nn.Sequential(*chain, *mean), imgs, 'image', ('r', ))
        return parts

    def generate(self, noise: Tensor | None = None, r: Tensor | None = None, num_batches: int = 1) -> Tensor:
        """Images N x C x S x S in [-1, 1], without instance noise.

        Args:
            noise: Source codes N x z_dim; if neither this nor ``r`` is given, ``num_batches`` of them are drawn.
            r: Representations N x r_dim, decoded as they are.
            num_batches: Number of images to draw.
        """
        return self.decode(self.draw(self.noise_fn(noise, num_batches)) if r is None else r)

    def forward(self, inputs: Tensor | Mapping[str, Any], data_samples: Any = None, mode: str = 'tensor') -> Any:
        """Encode images or generate some.

        Args:
            inputs: Images N x C x S x S in [-1, 1] to encode, or a request for images: a mapping of arguments of
                :meth:`generate` (``noise``, ``r``, ``num_batches``).
            data_samples: For images, optionally ``dict(sample_idx=...)``, passed on to the predictions.
            mode: ``'tensor'`` gives codes N x r_dim or images N x C x S x S in [-1, 1]; ``'predict'`` gives a list of
                :class:`~ibgan_plugin.structures.GenSample` with ``codes``, or with ``fake_img`` in 0..255.

        Raises:
            IBGANError: If ``mode`` or a key of a request is unknown, or an input has the wrong shape.
        """
        if not isinstance(inputs, Mapping):
            return super().forward(inputs, data_samples, mode)
        if mode not in ('tensor', 'predict'):
            raise IBGANError(f"mode must be 'tensor' or 'predict' for a request for images, got {mode!r}")
        if unknown := set(inputs) - {'noise', 'r', 'num_batches'}:
            raise IBGANError(f'a request for images takes noise, r and num_batches, got {", ".join(sorted(unknown))}')
        imgs = self.generate(**inputs)
        return imgs if mode == 'tensor' else to_samples('fake_img', (imgs + 1) * 127.5)
