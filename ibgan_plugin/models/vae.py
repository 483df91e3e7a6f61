"""The variational autoencoder and its disentangling relatives."""
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor

from ibgan_plugin.models.base import LatentModel, Part, device_of, publish_kl_per_dim
from ibgan_plugin.models.freeze import frozen, live, unwrap
from ibgan_plugin.models.losses.functional import full_precision, gaussian_kl, reparameterize
from ibgan_plugin.models.losses.regularisers import Posterior
from ibgan_plugin.models.losses.variational import permute_dims
from ibgan_plugin.models.validation import check_images, check_same
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class VAE(LatentModel):
    """Variational autoencoder: ``max E[log p(x|r)] - R(q(r|x))``, with the regulariser R of the method; its prior is N(0, I).

    R is the KL term for the VAE (Kingma and Welling, 2014) and beta-VAE, and one of
    :mod:`ibgan_plugin.models.losses.regularisers` for AnnealedVAE, beta-TCVAE and DIP-VAE. FactorVAE has a class of its own.

    Args:
        encoder: Config of q(r|x): images to ``mu`` and ``logvar``.
        decoder: Config of p(x|r): representations to logits of pixels.
        reconstruction_loss: Config of the likelihood, by default Bernoulli.
        regulariser: Config of R, by default the KL term.
        data_preprocessor: Config that brings ``inputs`` to float images in [-1, 1].
        init_cfg: MMEngine initialisation.

    Raises:
        IBGANError: If encoder and decoder do not fit each other, naming both fields and values.

    >>> from ibgan_plugin.models import VAE
    >>> model = VAE(encoder=dict(type='ibgan_plugin.ImageEncoder'), decoder=dict(type='ibgan_plugin.ImageDecoder'))
    >>> model.encode(torch.zeros(2, 1, 64, 64)).shape, model.decode(model.sample_latents(3)).shape
    (torch.Size([2, 10]), torch.Size([3, 1, 64, 64]))
    """

    def __init__(self, encoder: dict, decoder: dict, reconstruction_loss: dict | None = None, regulariser: dict | None = None,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.encoder, self.decoder = MODELS.build(encoder), MODELS.build(decoder)
        self.reconstruction_loss = MODELS.build(reconstruction_loss or dict(type='ibgan_plugin.BernoulliReconstruction'))
        self.regulariser = MODELS.build(regulariser or dict(type='ibgan_plugin.KLRegulariser'))
        check_same('the width of r', encoder__r_dim=self.encoder.r_dim, decoder__r_dim=self.decoder.r_dim)
        check_same('the image size', encoder__image_size=self.encoder.image_size, decoder__image_size=self.decoder.image_size)
        check_same('the number of channels', encoder__in_channels=self.encoder.in_channels,
                   decoder__out_channels=self.decoder.out_channels)
        self.r_dim: int = self.encoder.r_dim
        self.image_shape = (self.encoder.in_channels, self.encoder.image_size, self.encoder.image_size)

    def optim_groups(self) -> dict[str, list[str]]:
        """Names of the submodules that each optimiser trains."""
        return dict(autoencoder=['encoder', 'decoder'])

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One step of encoder and decoder on one batch.

        Args:
            data: A batch as ``data_preprocessor`` takes it: ``inputs`` N x C x S x S.
            optim_wrapper: Wrapper ``'autoencoder'``.

        Returns:
            Scalars to log: the losses, ``elbo``, and ``mi_upper_bound``, the mean KL, which bounds I(x, r); in nats.
        """
        imgs = self.real_images(data)  # N x C x S x S
        check_images(imgs, self.image_shape)
        return self.train_autoencoder(imgs, optim_wrapper['autoencoder'])[1]

    def train_autoencoder(self, imgs: Tensor, optim_wrapper: OptimWrapper) -> tuple[Posterior, dict[str, Tensor]]:
        """Step encoder and decoder on images N x C x S x S in [-1, 1]; returns the posteriors of before, and what to log."""
        with optim_wrapper.optim_context(self.encoder):
            posterior = self.posterior(imgs)
            loss, log_vars = self._reduce(self.autoencoder_losses(imgs, posterior))
        optim_wrapper.update_params(loss)
        return posterior, log_vars

    def posterior(self, imgs: Tensor) -> Posterior:
        """``q(r|x)`` of images N x C x S x S and a sample of it, N x r_dim each."""
        mu, logvar = (full_precision(stat) for stat in live(self.encoder)(imgs))
        return Posterior(mu, logvar, reparameterize(mu, logvar))

    def autoencoder_losses(self, imgs: Tensor, posterior: Posterior) -> dict[str, Tensor]:
        """Reconstruction and regulariser, per sample or of the batch, and what is logged beside them."""
        reconstruction = self.reconstruction_loss(full_precision(live(self.decoder)(posterior.r)), imgs)  # N
        kl = gaussian_kl(posterior.mu, posterior.logvar).detach()  # N x r_dim
        publish_kl_per_dim(kl.mean(0))
        return dict(loss_reconstruction=reconstruction, **self.regularise(posterior),
                    elbo=-reconstruction.detach() - kl.sum(1), mi_upper_bound=kl.sum(1))

    def regularise(self, posterior: Posterior) -> dict[str, Tensor]:
        """The terms of R."""
        return self.regulariser(posterior)

    def encode(self, imgs: Tensor) -> Tensor:
        """The mean of q(r|x) of images N x C x S x S: N x r_dim."""
        check_images(imgs, self.image_shape)
        return unwrap(self.encoder)(imgs)[0]

    def decode(self, r: Tensor) -> Tensor:
        """The mean of p(x|r): images N x C x S x S in [-1, 1] of representations N x r_dim."""
        return self.reconstruction_loss.mean(unwrap(self.decoder)(r.to(device_of(self))))

    @torch.no_grad()
    def kl_per_dim(self, imgs: Tensor | None = None, num: int = 256, seed: int = 0) -> Tensor:
        """``E_x KL(q(r|x) || N(0, 1))`` of each dimension, (r_dim,) in nats; without images, over ``num`` of the decoder's own."""
        batches = imgs.split(64) if imgs is not None else map(self.decode, self.sample_latents(num, seed=seed).split(64))
        kl = torch.cat([gaussian_kl(*unwrap(self.encoder)(batch)) for batch in batches])  # N x r_dim
        return kl.mean(0)

    def exportable_parts(self) -> dict[str, Part]:
        """Those of every model, and ``encoder``: ``image`` to ``mu`` and ``logvar``."""
        imgs = torch.zeros(2, *self.image_shape, device=device_of(self))
        return {**super().exportable_parts(), 'encoder': Part(self.encoder, imgs, 'image', ('mu', 'logvar'))}

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = 'tensor') -> Any:
        """As :class:`~ibgan_plugin.models.base.LatentModel`; ``'loss'`` gives the losses of images in [-1, 1] without a step."""
        if mode != 'loss':
            return super().forward(inputs, data_samples, mode)
        check_images(inputs, self.image_shape)
        return self.autoencoder_losses(inputs, self.posterior(inputs))


@MODELS.register_module()
class FactorVAE(VAE):
    """FactorVAE (Kim and Mnih, 2018): the ELBO minus ``gamma TC(r)``, estimated by a critic that is trained beside it.

    A batch is two: the autoencoder is stepped on the first half, then the critic learns to tell its representations from those of
    the second half, whose dimensions are permuted over the batch.

    Args:
        critic: Config of the critic: representations to two logits.
        density_ratio_loss: Config of both sides of the game, by default ``gamma = 35``.
        kwargs: See :class:`VAE`.

    Raises:
        IBGANError: If two components do not fit each other, naming both fields and values.
    """

    def __init__(self, critic: dict, density_ratio_loss: dict | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.critic = MODELS.build(critic)
        self.density_ratio_loss = MODELS.build(density_ratio_loss or dict(type='ibgan_plugin.DensityRatioLoss'))
        check_same('the width of r', encoder__r_dim=self.r_dim, critic__r_dim=self.critic.r_dim)

    def optim_groups(self) -> dict[str, list[str]]:
        """Names of the submodules that each optimiser trains."""
        return {**super().optim_groups(), 'critic': ['critic']}

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One autoencoder step on the first half of a batch and one critic step on both halves.

        Args:
            data: A batch as ``data_preprocessor`` takes it: ``inputs`` 2N x C x S x S.
            optim_wrapper: Wrappers ``'autoencoder'`` and ``'critic'``.

        Returns:
            Scalars to log: those of :class:`VAE`, and ``loss_critic`` in nats.
        """
        imgs = self.real_images(data)  # 2N x C x S x S
        check_images(imgs, self.image_shape)
        if len(imgs) % 2:
            raise IBGANError(f'FactorVAE takes two batches in one: train_dataloader.batch_size must be even, got {len(imgs)}')
        first, second = imgs.chunk(2)  # N x C x S x S each
        posterior, log_vars = self.train_autoencoder(first, optim_wrapper['autoencoder'])
        log_vars.update(self.train_critic(posterior.r.detach(), second, optim_wrapper['critic']))
        return log_vars

    def train_critic(self, r: Tensor, imgs: Tensor, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Step the critic on samples r, N x r_dim, of q(r), and on permuted ones of N further images; nothing else changes."""
        with torch.no_grad():
            permuted = permute_dims(self.posterior(imgs).r)  # N x r_dim
        with optim_wrapper.optim_context(self.critic):
            logits, permuted_logits = full_precision(live(self.critic)(torch.cat([r, permuted]))).chunk(2)  # N x 2 each
            loss, log_vars = self._reduce(self.density_ratio_loss.critic(logits, permuted_logits))
        optim_wrapper.update_params(loss)
        return log_vars

    def regularise(self, posterior: Posterior) -> dict[str, Tensor]:
        """The KL term and the total correlation, through a frozen critic."""
        with frozen(self.critic):
            logits = full_precision(live(self.critic)(posterior.r))  # N x 2
        return {**super().regularise(posterior), **self.density_ratio_loss.autoencoder(logits)}
