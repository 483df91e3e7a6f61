"""Our scores of generated images, for mmagic's GANs."""
from torch import nn

from ibgan_plugin.engine.loops.generation import GenerationTestLoop, GenerationValLoop
from ibgan_plugin.interop.mmagic.model import MMagicGAN
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.registry import LOOPS


class _OfMMagic:
    """Draws from a view of mmagic's model."""

    def latent_model(self, model: nn.Module) -> LatentModel:
        """The view."""
        return MMagicGAN(unwrap(model))


@LOOPS.register_module()
class MMagicGenerationValLoop(_OfMMagic, GenerationValLoop):
    """:class:`~ibgan_plugin.engine.loops.generation.GenerationValLoop` for a GAN of mmagic; arguments are the same."""


@LOOPS.register_module()
class MMagicGenerationTestLoop(_OfMMagic, GenerationTestLoop):
    """:class:`~ibgan_plugin.engine.loops.generation.GenerationTestLoop` for a GAN of mmagic; arguments are the same."""
