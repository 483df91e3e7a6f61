"""The trained model of a config."""
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from ibgan_plugin.config.check import ConfigError, check_config, config_errors
from ibgan_plugin.engine.checkpoints import load_weights
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.registry import MODELS, SCOPE


def load_model(cfg: Config, weights: str | Path, scope: str = SCOPE) -> LatentModel:
    """The model of a config with all weights of a checkpoint, on the CPU and in eval mode.

    Args:
        cfg: A config with ``model``.
        weights: Checkpoint file of exactly this model.
        scope: Default scope where the config has none.

    Raises:
        ConfigError: If the config has no model or has mistakes, or its model can not be built or is no LatentModel.
        CheckpointError: If the file is damaged, holds more than tensors and plain data, or does not fit the model.
    """
    where = cfg.filename or 'config'
    if 'model' not in cfg:
        raise ConfigError(f'{where}: the key model is missing')
    check_config(cfg)
    with config_errors(cfg), DefaultScope.overwrite_default_scope(cfg.get('default_scope') or scope):
        model = MODELS.build(cfg.model)
    if not isinstance(model, LatentModel):
        raise ConfigError(f'{where}: model.type must be a LatentModel such as IBGAN, got {type(model).__name__}')
    load_weights(model, weights)
    return model.eval()
