"""Trained models as feature extractors."""
import json
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor

from ibgan_plugin.config.load import read_config
from ibgan_plugin.engine.load_model import load_model
from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.registry import MODELS, SCOPE
from ibgan_plugin.utils.errors import IBGANError

#: Layer whose output is taken of a model that runs it, where none is named.
_USUAL_LAYER = 'reconstructor'


@MODELS.register_module()
class ModelExtractor(ImageExtractor):
    """A layer's output while a trained model encodes images, flattened to [N, D].

    Features of a model trained on the same kind of images can tell more about small or unusual ones than Inception's; a
    model should not be judged by its own.

    Args:
        config: A config file with ``model``, the name of a model of the zoo, or the model's config itself.
        checkpoint: The model's checkpoint, loaded with ``weights_only=True``; every weight must fit.
        layer: Name of a submodule that the model runs when it encodes: ``'reconstructor'`` is its output, the mean of
            q(z given x); ``'reconstructor.head.N'`` a layer before it; None for the representation. ``'auto'`` takes the
            reconstructor of a model that has one, else the representation.

    Raises:
        IBGANError: If the config has a mistake, the checkpoint is no whole checkpoint of this model, the model is no LatentModel,
            or there is no such layer.
    """

    def __init__(self, config: str | Path | dict, checkpoint: str | Path, layer: str | None = 'auto') -> None:
        cfg = Config(dict(model=config, default_scope=_scope())) if isinstance(config, dict) else read_config(config)
        model = load_model(cfg, checkpoint)
        super().__init__(*model.image_shape[:2])
        self._model_cfg = json.loads(json.dumps(cfg.model.to_dict(), default=str))  # plain data
        self.path = Path(checkpoint)
        self.model = model.requires_grad_(False)
        names = _encoding_layers(model)
        self.layer = (_USUAL_LAYER if _USUAL_LAYER in names else None) if layer == 'auto' else layer
        self._output: Tensor | None = None
        if self.layer is not None:
            if self.layer not in names:
                raise IBGANError(f'ModelExtractor: layer must be one of {", ".join(names)}, got {layer!r}')
            model.get_submodule(self.layer).register_forward_hook(self._keep)

    def _keep(self, module: torch.nn.Module, inputs: Any, output: Tensor) -> None:
        """Forward hook; a copy, since the next layer may work in place."""
        self._output = output.clone()

    def extract(self, imgs: Tensor) -> Extracted:
        """The layer's output."""
        self.model.data_preprocessor.to(imgs.device)  # it keeps a device of its own
        codes = self.model.encode(self.model.real_images({'inputs': imgs}, training=False))
        return Extracted(codes if self._output is None else self._output.flatten(1))

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The checkpoint's hash, the model's config and the layer."""
        return self.describe(self.path, model=self._model_cfg, layer=self.layer)


def _scope() -> str:
    """The scope in which types without a prefix are just now."""
    current = DefaultScope.get_current_instance()
    return SCOPE if current is None else current.scope_name


@torch.no_grad()
def _encoding_layers(model: LatentModel) -> list[str]:
    """Names of the submodules with one tensor as output that the model runs when it encodes."""
    ran: set[str] = set()

    def note(name: str, output: Any) -> None:
        if isinstance(output, Tensor):
            ran.add(name)

    handles = [module.register_forward_hook(lambda _, args, output, name=name: note(name, output))
               for name, module in model.named_modules() if name]
    model.encode(torch.zeros(2, *model.image_shape))
    for handle in handles:
        handle.remove()
    return [name for name, _ in model.named_modules() if name in ran]
