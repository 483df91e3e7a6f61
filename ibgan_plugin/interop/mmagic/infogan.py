"""A GAN of mmagic with a reconstructor. Needs mmagic, so nothing imports this file but a config's ``custom_imports``."""
from typing import Any

from mmagic.models import DCGAN
from torch import Tensor

from ibgan_plugin.models.losses.functional import mi_lower_bound
from ibgan_plugin.registry import MODELS


@MODELS.register_module()
class MMagicInfoGAN(DCGAN):
    """mmagic's ``DCGAN`` with our adversarial loss, reconstructor and information loss: InfoGAN, r = z, in mmagic's own loop.

    Args:
        reconstructor: Config of q(z|x). The optimiser of the generator trains it: ``optim_wrapper.generator.modules`` is
            ``['generator', 'reconstructor']``.
        adversarial_loss: Config of V(D, G).
        info_loss: Config of the information term.
        kwargs: Arguments of mmagic's ``BaseGAN`` (``generator``, ``discriminator``, ``data_preprocessor``, ...).
    """

    def __init__(self, reconstructor: dict, adversarial_loss: dict, info_loss: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reconstructor = MODELS.build(reconstructor)
        self.adversarial_loss, self.info_loss = MODELS.build(adversarial_loss), MODELS.build(info_loss)

    def disc_loss(self, disc_pred_fake: Tensor, disc_pred_real: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """D's loss, and its terms to log, of logits N x 1."""
        return self.parse_losses(self.adversarial_loss.discriminator(disc_pred_real, disc_pred_fake))

    def train_generator(self, inputs: dict, data_samples: Any, optimizer_wrapper: Any) -> dict[str, Tensor]:
        """Step the generator and the reconstructor on as many fakes as there are ``data_samples``; returns scalars to log."""
        z = self.noise_fn(num_batches=len(data_samples))  # N x noise_size
        fake_imgs = self.generator(noise=z, return_noise=False)
        z_hat = self.reconstructor(fake_imgs)
        loss, log_vars = self.parse_losses({
            **self.adversarial_loss.generator(self.discriminator(fake_imgs)),
            'loss_info': self.info_loss(z, z_hat),
            'mi_lower_bound': mi_lower_bound(z, z_hat).detach(),
        })
        optimizer_wrapper.update_params(loss)
        return log_vars
