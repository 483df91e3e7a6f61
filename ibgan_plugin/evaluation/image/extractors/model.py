"""Trained models as feature extractors."""
import json
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from ibgan_plugin.engine.checkpoints import load_weights
from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor, check_file
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class ModelExtractor(ImageExtractor):
    """A layer's output while a trained model encodes images, flattened to [N, D].

    Features of a model trained on the same kind of images can tell more about small or unusual ones than Inception's; a
    model should not be judged by its own.

    Args:
        config: A config file with ``model``, or the model's config itself.
        checkpoint: The model's checkpoint, loaded with ``weights_only=True``; every weight must fit.
        layer: Name of a submodule that the model runs when it encodes: ``'reconstructor'`` is its output, the mean of
            q(z given x); ``'reconstructor.head.N'`` a layer before it; None for the representation.

    Raises:
        IBGANError: If the config file is missing, the checkpoint is no whole checkpoint of this model, the model is no
            LatentModel, or there is no such layer.
    """

    def __init__(self, config: str | Path | dict, checkpoint: str | Path, layer: str | None = 'reconstructor') -> None:
        model_cfg = config if isinstance(config, dict) else Config.fromfile(check_file(config, 'ModelExtractor')).model.to_dict()
        model = MODELS.build(model_cfg)
        if not isinstance(model, LatentModel):
            raise IBGANError(f'ModelExtractor: model.type must be a LatentModel such as IBGAN, got {type(model).__name__}')
        super().__init__(*model.image_shape[:2])
        load_weights(model, checkpoint)
        self.layer = layer
        self._model_cfg = json.loads(json.dumps(model_cfg, default=str))  # plain data
        self.path = Path(checkpoint)
        self.model = model.eval().requires_grad_(False)
        self._output: Tensor | None = None
        if layer is not None:
            names = _encoding_layers(self.model)
            if layer not in names:
                raise IBGANError(f'ModelExtractor: layer must be one of {", ".join(names)}, got {layer!r}')
            self.model.get_submodule(layer).register_forward_hook(self._keep)

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
