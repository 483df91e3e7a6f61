"""The IB-GAN training step."""
from typing import Any, NamedTuple

import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

from ibgan_plugin.models.base import publish_kl_per_dim
from ibgan_plugin.models.freeze import frozen, live, unwrap
from ibgan_plugin.models.latent_gan import LatentGAN, build, draw_r
from ibgan_plugin.models.losses.functional import add_instance_noise, full_precision, gaussian_kl
from ibgan_plugin.models.validation import check_images, check_objective, check_training_batch
from ibgan_plugin.registry import MODELS


class Synthesis(NamedTuple):
    """One pass z -> r -> x. Without an encoder r = z, and ``mu`` and ``logvar`` are None."""
    z: Tensor  # N x z_dim
    mu: Tensor | None  # N x r_dim
    logvar: Tensor | None  # N x r_dim
    fake_imgs: Tensor  # N x C x S x S, with instance noise


@MODELS.register_module()
class IBGAN(LatentGAN):
    """Information Bottleneck GAN (Jeon, Lee, Pyeon and Kim, AAAI 2021), with InfoGAN and GAN as its limits.

    ``min_{G,e,q} max_D  V(D, G) - (lambda I_L(z, G(z)) - beta I_U(z, r))``. With ``beta = 0`` it is InfoGAN; with
    ``encoder=None`` too, the textbook one (r = z); with ``lambda = beta = 0``, or no reconstructor, a plain GAN.

    Instance noise is added to real and fake images alike before D and q. The running BatchNorm statistics of q are those of the
    (noisy) fakes it is trained on; real images meet them only in evaluation. A shared trunk collects its statistics in the step
    that trains it: with D, over real and fake.

    Args:
        generator: Config of G(r).
        discriminator: Config of D(x).
        encoder: Config of e(r|z), or None for r = z.
        reconstructor: Config of q(z|x), or None for a plain GAN.
        trunk: Config of layers that D and q share, in front of both, or None.
        trunk_owner: Which step, and so which optimiser, trains the trunk: ``'discriminator'`` (published), ``'generator'``, or
            ``'both'``: D's step trains the reconstructor too, and both train the trunk, on D's loss and the information term of
            the detached fakes (as InfoGAN-CR, Lin et al., 2020); G's step runs through all three frozen.
        adversarial_loss: Config of V(D, G); by default non-saturating binary cross-entropy.
        info_loss: Config of the information term, or None for lambda = 0.
        kl_loss: Config of the KL term, or None for beta = 0.
        gradient_penalty: Config of a penalty in D's loss, or None.
        discriminator_steps: D steps, each on a batch of its own, for one (G, encoder, reconstructor) step.
        sync_bn: Whether BatchNorm uses the batches of all ranks together, on CPUs too; the runner sees to it.
        data_preprocessor: Config that brings ``inputs`` to float images in [-1, 1].
        init_cfg: MMEngine initialisation.
        prior: Config of p(z), by default ``N(0, I)``; InfoGAN's codes are a :class:`~ibgan_plugin.models.priors.ProductPrior`.

    Raises:
        IBGANError: If two components do not fit each other, naming both fields and values.

    >>> model = IBGAN(generator=dict(type='ibgan_plugin.Generator'), encoder=dict(type='ibgan_plugin.Encoder'),
    ...               discriminator=dict(type='ibgan_plugin.Discriminator'), reconstructor=dict(type='ibgan_plugin.Reconstructor'),
    ...               info_loss=dict(type='ibgan_plugin.InformationLoss'), kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.141))
    >>> imgs = model.eval().generate(num_batches=2)
    >>> imgs.shape, model.encode(imgs).shape
    (torch.Size([2, 1, 64, 64]), torch.Size([2, 10]))
    """

    def __init__(self, generator: dict, discriminator: dict, encoder: dict | None = None, reconstructor: dict | None = None,
                 trunk: dict | None = None, trunk_owner: str = 'discriminator', adversarial_loss: dict | None = None,
                 info_loss: dict | None = None, kl_loss: dict | None = None, gradient_penalty: dict | None = None,
                 discriminator_steps: int = 1, sync_bn: bool = False, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None, prior: dict | None = None) -> None:
        super().__init__(
            generator=generator, discriminator=discriminator, encoder=encoder, reconstructor=reconstructor, trunk=trunk,
            trunk_owner=trunk_owner, data_preprocessor=data_preprocessor, init_cfg=init_cfg, prior=prior)
        self.adversarial_loss = build(adversarial_loss or dict(type='ibgan_plugin.AdversarialLoss'))
        self.info_loss, self.kl_loss, self.gradient_penalty = build(info_loss), build(kl_loss), build(gradient_penalty)
        self.discriminator_steps = discriminator_steps
        check_objective(encoder=self.encoder, reconstructor=self.reconstructor, info_loss=self.info_loss, kl_loss=self.kl_loss,
                        discriminator_steps=discriminator_steps)
        self.sync_bn = sync_bn
        self.same_every_step = discriminator_steps == 1 and getattr(self.gradient_penalty, 'interval', 1) == 1
        self.instance_noise_std: float = 0.0

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One D step and one (G, encoder, reconstructor) step on one batch.

        The generator runs once: D is trained on the detached images, then G through the updated D on the same images.

        Args:
            data: A batch as ``data_preprocessor`` takes it: ``inputs`` N x C x S x S.
            optim_wrapper: Wrappers ``'generator'`` and ``'discriminator'``.

        Returns:
            Scalars to log: the losses, and ``mi_lower_bound`` and ``mi_upper_bound`` in nats.
        """
        real_imgs = self.real_images(data)  # N x C x S x S
        check_training_batch(real_imgs, self.image_shape, self)
        if not self._is_generator_turn():
            synthesis = self._synthesize_without_trace(len(real_imgs))
            return self.train_discriminator(real_imgs, synthesis.fake_imgs, optim_wrapper['discriminator'], synthesis.z)
        with optim_wrapper['generator'].optim_context(self.generator):
            synthesis = self.synthesize(len(real_imgs))
        log_vars = self.train_discriminator(real_imgs, synthesis.fake_imgs.detach(), optim_wrapper['discriminator'], synthesis.z)
        log_vars.update(self.train_generator(synthesis, optim_wrapper['generator']))
        return log_vars

    def train_discriminator(self, real_imgs: Tensor, fake_imgs: Tensor, optim_wrapper: OptimWrapper,
                            z: Tensor | None = None) -> dict[str, Tensor]:
        """Step D (and the trunk, if it is D's; and q, if it is both's) on clean real images and detached fakes; nothing else.

        ``z`` are the codes of the fakes, which q needs.
        """
        with optim_wrapper.optim_context(self.discriminator):
            loss, log_vars = self._reduce(self.discriminator_losses(real_imgs, fake_imgs, z))
        optim_wrapper.update_params(loss)
        return log_vars

    def train_generator(self, synthesis: Synthesis, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Step G, the encoder and the reconstructor through a frozen D, whose weights and statistics stay untouched."""
        with optim_wrapper.optim_context(self.generator):
            loss, log_vars = self._reduce(self.generator_losses(synthesis))
        optim_wrapper.update_params(loss)
        return log_vars

    def synthesize(self, num: int, z: Tensor | None = None) -> Synthesis:
        """Turn ``num`` source codes ``z``, drawn where there are none, into images with instance noise."""
        z = self.noise_fn(z, num)
        r, mu, logvar = draw_r(self.encoder, z)
        return Synthesis(z, mu, logvar, add_instance_noise(self.generator(r), self.instance_noise_std))

    def discriminator_losses(self, real_imgs: Tensor, fake_imgs: Tensor, z: Tensor | None = None) -> dict[str, Tensor]:
        """D's losses per sample. The fakes carry their instance noise already; the reals get theirs here.

        Where one optimiser trains trunk, D and q, the information term of the fakes' codes ``z`` is among them.
        """
        noisy_real = add_instance_noise(real_imgs, self.instance_noise_std)
        with frozen(*self._frozen_in('discriminator')):
            real_logits, features = self.discriminate(noisy_real), self._features(fake_imgs)
            losses = self.adversarial_loss.discriminator(real_logits, full_precision(live(self.discriminator)(features)))
            if z is not None and self.trunk_owner == 'both' and self.info_loss is not None:
                losses['loss_info_disc'] = self.info_loss(z, full_precision(live(self.reconstructor)(features)), self.prior)
            if self.gradient_penalty is not None:
                losses['loss_gradient_penalty'] = self.gradient_penalty(self.discriminate, noisy_real, fake_imgs)
        return losses

    def generator_losses(self, synthesis: Synthesis) -> dict[str, Tensor]:
        """Losses per sample of G, the encoder and the reconstructor, and both information bounds."""
        z, mu, logvar, fake_imgs = synthesis
        with frozen(*self._frozen_in('generator')):
            features = self._features(fake_imgs)
            terms = self.adversarial_loss.generator(full_precision(live(self.discriminator)(features)))
            z_hat = None if self.reconstructor is None else full_precision(live(self.reconstructor)(features))  # N x coded_dim
        if z_hat is not None:
            terms['mi_lower_bound'] = self.prior.mi_lower_bound(z, z_hat).detach()
            if self.info_loss is not None:
                terms['loss_info'] = self.info_loss(z, z_hat, self.prior)
        if mu is not None and logvar is not None:
            kl = gaussian_kl(mu, logvar).detach()  # N x r_dim
            terms['mi_upper_bound'] = kl.sum(1)
            publish_kl_per_dim(kl.mean(0))
            if self.kl_loss is not None:
                terms['loss_kl'] = self.kl_loss(mu, logvar)
        return terms

    def discriminate(self, imgs: Tensor) -> Tensor:
        """Logits N x 1 of images, through the trunk if there is one."""
        return full_precision(live(self.discriminator)(self._features(imgs)))

    @torch.no_grad()
    def realness(self, imgs: Tensor) -> Tensor:
        """D's logits N x 1, of images with the instance noise of the training."""
        with torch.random.fork_rng([imgs.device] if imgs.is_cuda else []):
            torch.manual_seed(0)
            noisy = add_instance_noise(imgs, self.instance_noise_std)
        features = noisy if self.trunk is None else unwrap(self.trunk)(noisy)
        return full_precision(unwrap(self.discriminator)(features))

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = 'tensor') -> Any:
        """MMEngine's three modes: see :class:`~ibgan_plugin.models.latent_gan.LatentGAN` for ``'tensor'`` and ``'predict'``.

        ``'loss'`` gives all losses and bounds of a batch of real images N x C x S x S in [-1, 1], per sample, without a step.
        """
        if mode != 'loss':
            return super().forward(inputs, data_samples, mode)
        check_images(inputs, self.image_shape)
        synthesis = self.synthesize(len(inputs))
        losses = self.discriminator_losses(inputs, synthesis.fake_imgs.detach(), synthesis.z)
        return {**losses, **self.generator_losses(synthesis)}

    def _features(self, imgs: Tensor) -> Tensor:
        """What D and q read: the trunk's features, or the images."""
        return imgs if self.trunk is None else live(self.trunk)(imgs)

    def _frozen_in(self, step: str) -> list[nn.Module]:
        """Networks that ``step`` runs through but does not train."""
        trained = self.optim_groups()[step]
        readers = ('trunk', 'discriminator', 'reconstructor')
        return [getattr(self, name) for name in readers if name not in trained and getattr(self, name) is not None]

    def _is_generator_turn(self) -> bool:
        """Whether this iteration ends a group of ``discriminator_steps``: a function of the iteration, to resume exactly."""
        return (MessageHub.get_current_instance().get_info('iter', 0) + 1) % self.discriminator_steps == 0

    @torch.no_grad()
    def _synthesize_without_trace(self, num: int) -> Synthesis:
        """Fakes for a lone D step: no graph, and not one statistic of encoder or generator changes."""
        with frozen(self.generator, *([] if self.encoder is None else [self.encoder])):
            return self.synthesize(num)
