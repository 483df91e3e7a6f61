"""The data set of a loader in a config."""
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from ibgan_plugin.config.check import config_errors
from ibgan_plugin.registry import DATASETS, SCOPE
from ibgan_plugin.utils.errors import IBGANError


def build_dataset(config: Config, loader: str) -> Any:
    """The data set that ``config[loader]`` reads, built in the config's default scope.

    Args:
        config: A whole config.
        loader: ``'train_dataloader'``, ``'val_dataloader'`` or ``'test_dataloader'``.

    Raises:
        IBGANError: If there is no such loader, or its data set can not be built; names the config.
        OSError: If a file of it can not be read.
    """
    if not config.get(loader):
        raise IBGANError(f'{config.filename or "config"}: the key {loader} is missing')
    with config_errors(config), DefaultScope.overwrite_default_scope(config.get('default_scope') or SCOPE):
        return DATASETS.build(config[loader].dataset)
