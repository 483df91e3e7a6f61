"""InfoGAN with a contrastive regulariser."""
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor

from ibgan_plugin.models.base import device_of
from ibgan_plugin.models.freeze import frozen, live
from ibgan_plugin.models.ibgan import IBGAN, Synthesis
from ibgan_plugin.models.latent_gan import build
from ibgan_plugin.models.losses.contrastive import pair_codes
from ibgan_plugin.models.losses.functional import full_precision
from ibgan_plugin.models.priors import ProductPrior, UniformPrior
from ibgan_plugin.models.validation import check_same, check_training_batch
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class InfoGANCR(IBGAN):
    """InfoGAN-CR (Lin, Thekumparampil, Fanti and Oh, ICML 2020): InfoGAN whose codes a network H can tell apart by their effects.

    Of two images that share one code and no other, H says which. G is rewarded for pairs of which H is right:
    ``min_{G,H} ... + weight E[-log H(i | x, x')]``. The noise of both images is the same. An iteration is a step of H, once the
    weight is above 0, a step of D, and ``generator_steps`` steps of G on the same codes.

    H starts to learn when the weight leaves 0: as published, where it is initialised anew at that time.

    Args:
        contrastive: Config of H, which takes both images in its channels and gives one logit a code.
        contrastive_loss: Config of its loss, with weight and gap.
        generator_steps: G steps an iteration, at least 1.
        kwargs: See :class:`~ibgan_plugin.models.ibgan.IBGAN`. There is no encoder, and one D step an iteration; the prior's codes
            are uniform, beside any noise.

    Raises:
        IBGANError: If two components do not fit each other, naming both fields and values, or a number of steps is impossible.
    """

    def __init__(self, contrastive: dict, contrastive_loss: dict | None = None, generator_steps: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.contrastive = MODELS.build(contrastive)
        self.contrastive_loss = build(contrastive_loss or dict(type='ibgan_plugin.ContrastiveLoss'))
        self.generator_steps = generator_steps
        self.same_every_step = False  # H joins when its weight leaves 0
        if generator_steps < 1:
            raise IBGANError(f'model.generator_steps must be at least 1, got {generator_steps}')
        if self.discriminator_steps != 1:
            raise IBGANError(f'model.discriminator_steps of InfoGANCR must be 1, got {self.discriminator_steps}')
        if self.encoder is not None:
            raise IBGANError('InfoGANCR has no encoder: model.encoder must be None')
        self.codes = _uniform_codes(self.prior)
        if self.contrastive_loss.gap > self.codes.high - self.codes.low:
            raise IBGANError(f'model.contrastive_loss.gap = {self.contrastive_loss.gap} is beyond the range of the codes, '
                             f'{self.codes.low} to {self.codes.high}')
        check_same('the number of codes', contrastive__num_codes=self.contrastive.num_codes, prior__coded_dim=self.codes.dim)
        check_same('the number of channels', contrastive__in_channels=self.contrastive.in_channels,
                   generator__out_channels=self.image_shape[0])

    def optim_groups(self) -> dict[str, list[str]]:
        """Names of the submodules that each of the three optimisers trains."""
        return {**super().optim_groups(), 'contrastive': ['contrastive']}

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One H step, one D step and ``generator_steps`` G steps on one batch.

        Args:
            data: A batch as ``data_preprocessor`` takes it: ``inputs`` N x C x S x S.
            optim_wrapper: Wrappers ``'generator'``, ``'discriminator'`` and ``'contrastive'``.

        Returns:
            Scalars to log: those of IB-GAN and, once the weight is above 0, ``loss_contrastive``, ``loss_contrastive_network`` and
            ``contrastive_accuracy``; of several G steps the last one's.
        """
        real_imgs = self.real_images(data)  # N x C x S x S
        check_training_batch(real_imgs, self.image_shape, self)
        log_vars = self.train_contrastive(len(real_imgs), optim_wrapper['contrastive']) if self.is_contrasting else {}
        with optim_wrapper['generator'].optim_context(self.generator):
            synthesis = self.synthesize(len(real_imgs))
        fake_imgs = synthesis.fake_imgs.detach()
        log_vars.update(self.train_discriminator(real_imgs, fake_imgs, optim_wrapper['discriminator'], synthesis.z))
        log_vars.update(self.train_generator(synthesis, optim_wrapper['generator']))
        for _ in range(self.generator_steps - 1):
            with optim_wrapper['generator'].optim_context(self.generator):
                synthesis = self.synthesize(len(real_imgs), synthesis.z)
            log_vars.update(self.train_generator(synthesis, optim_wrapper['generator']))
        return log_vars

    def train_contrastive(self, num: int, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Step H on ``num`` pairs of images; nothing else changes."""
        with torch.no_grad(), frozen(self.generator):
            pairs, index = self.synthesize_pairs(num)
        with optim_wrapper.optim_context(self.contrastive):
            logits = full_precision(live(self.contrastive)(pairs))  # N x num_codes
            loss, log_vars = self._reduce(self.contrastive_loss.network(logits, index))
        optim_wrapper.update_params(loss)
        return log_vars

    def generator_losses(self, synthesis: Synthesis) -> dict[str, Tensor]:
        """Those of IB-GAN and the contrastive loss, through a frozen H, of as many pairs as there are images."""
        terms = super().generator_losses(synthesis)
        if self.is_contrasting:
            pairs, index = self.synthesize_pairs(len(synthesis.z))
            with frozen(self.contrastive):
                logits = full_precision(live(self.contrastive)(pairs))  # N x num_codes
            terms.update(self.contrastive_loss.generator(logits, index))
        return terms

    def synthesize_pairs(self, num: int) -> tuple[Tensor, Tensor]:
        """Pairs of images in the channels, num x 2C x S x S, that share noise and one code, and the number of that code, num."""
        z, other = self.noise_fn(num_batches=2 * num).chunk(2)  # num x z_dim each
        index = torch.randint(self.codes.dim, (num, ), device=device_of(self))
        codes, noise = z[:, :self.codes.dim], z[:, self.codes.dim:]
        pair = pair_codes(codes, other[:, :self.codes.dim], index, self.codes.low, self.codes.high, self.contrastive_loss.gap)
        r = torch.cat([torch.cat([pair.first, noise], dim=1), torch.cat([pair.second, noise], dim=1)])  # 2 num x z_dim
        return torch.cat(live(self.generator)(r).chunk(2), dim=1), index

    @property
    def is_contrasting(self) -> bool:
        """Whether the contrastive loss has begun."""
        return self.contrastive_loss.weight > 0


def _uniform_codes(prior: Any) -> UniformPrior:
    """The uniform codes of a prior of uniform codes and noise."""
    parts = prior.parts if isinstance(prior, ProductPrior) else [prior]
    coded = [part for part in parts if part.coded_dim]
    if len(coded) != 1 or not isinstance(coded[0], UniformPrior):
        kinds = ', '.join(type(part).__name__ for part in coded) or 'none'
        raise IBGANError(f'model.prior of InfoGANCR must have one UniformPrior of codes, and noise at most beside; got {kinds}')
    return coded[0]
