"""The project's own networks as feature extractors."""
import json
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from ibgan_plugin.engine.checkpoints import check_checkpoint
from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor, check_file
from ibgan_plugin.registry import MODELS

#: Components of a model that encode images, in their order.
ENCODING = ('trunk', 'reconstructor', 'encoder')


@MODELS.register_module()
class ModelExtractor(ImageExtractor):
    """A layer's output while a trained model encodes images, flattened to [N, D].

    Features of a model trained on the same kind of images can tell more about small or unusual ones than Inception's; a
    model should not be judged by its own.

    Args:
        config: A config file with ``model``, or the model's config itself.
        checkpoint: The model's checkpoint, loaded with ``weights_only=True``; every weight must fit.
        layer: Name of a submodule that the model runs when it encodes: ``'reconstructor'`` is its output, the mean of
            q(z given x); ``'reconstructor.head.N'`` a layer before it.

    Raises:
        FileNotFoundError: If the config file is missing.
        ValueError: If the checkpoint is no whole checkpoint of this model, or there is no such layer.
    """

    def __init__(self, config: str | Path | dict, checkpoint: str | Path, layer: str = 'reconstructor') -> None:
        model_cfg = config if isinstance(config, dict) else Config.fromfile(check_file(config, 'ModelExtractor')).model.to_dict()
        model = MODELS.build(model_cfg)
        reader = next((m for m in (getattr(model, name, None) for name in ENCODING) if m is not None), None)
        super().__init__(getattr(reader, 'in_channels', None), getattr(reader, 'image_size', None))
        check_checkpoint(checkpoint)
        state = torch.load(checkpoint, map_location='cpu', weights_only=True)
        try:
            model.load_state_dict(state.get('state_dict', state))
        except RuntimeError as error:
            raise ValueError(f'ModelExtractor: checkpoint {checkpoint} does not fit the model of the config: {error}') from error
        names = [name for name, _ in model.named_modules() if name.partition('.')[0] in ENCODING]
        if layer not in names:
            raise ValueError(f'ModelExtractor: layer must be one of {", ".join(names)}, got {layer!r}')
        self.layer = layer
        self._model_cfg = json.loads(json.dumps(model_cfg, default=str))  # plain data
        self.path = Path(checkpoint)
        self.model = model.eval().requires_grad_(False)
        self._output: Tensor | None = None
        self.model.get_submodule(layer).register_forward_hook(self._keep)

    def _keep(self, module: torch.nn.Module, inputs: Any, output: Tensor) -> None:
        """Forward hook; a copy, since the next layer may work in place."""
        self._output = output.clone()

    def extract(self, imgs: Tensor) -> Extracted:
        """The layer's output."""
        preprocessor = self.model.data_preprocessor.to(imgs.device)  # it keeps a device of its own
        self.model(preprocessor({'inputs': imgs})['inputs'], mode='tensor')
        assert self._output is not None
        return Extracted(self._output.flatten(1))

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The checkpoint's hash, the model's config and the layer."""
        return self.describe(self.path, model=self._model_cfg, layer=self.layer)
