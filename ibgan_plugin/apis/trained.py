"""Trained models by what users call them on a command line."""
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from ibgan_plugin.apis.inferencer import IBGANInferencer
from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.config.load import read_config
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.utils.errors import IBGANError


class Trained(NamedTuple):
    """A model with its weights, and where they are from."""
    name: str
    config: Config
    model: LatentModel


def load_trained(references: Sequence[str], device: str | None = None) -> list[Trained]:
    """The models that a list of references names.

    Args:
        references: Work directories, whose newest checkpoint is taken, and config files, each followed by its checkpoints.
        device: As for :class:`~ibgan_plugin.apis.inferencer.IBGANInferencer`.

    Raises:
        IBGANError: If a reference is none of these, or a config has no checkpoint behind it.
    """
    return [Trained(name, config, IBGANInferencer(config, checkpoint, device).model)
            for name, config, checkpoint in _resolve(list(references))]


def _resolve(references: list[str]) -> Iterator[tuple[str, Config, Path]]:
    """Name, config and checkpoint file of each model."""
    config: Config | None = None
    used = True
    for reference in references:
        path = Path(reference)
        if path.suffix in ('.py', '.json', '.yml', '.yaml'):
            _no_config_left(config, used)
            config, used = read_config(path), False
        elif path.is_dir():
            run = RunDir(path)
            if not run.checkpoints:
                raise IBGANError(f'{reference!r} holds no checkpoint')
            iteration, file = list(run.checkpoints.items())[-1]
            yield f'{run.name}, {iteration} iterations', run.config, file
        elif config is None:
            raise IBGANError(f'{reference!r} is no work directory and no config file; a checkpoint comes after its config')
        else:
            yield f'{Path(str(config.filename)).stem}, {path.parent.name}/{path.stem}', config, path
            used = True
    _no_config_left(config, used)


def _no_config_left(config: Config | None, used: bool) -> None:
    if config is not None and not used:
        raise IBGANError(f'the config {str(config.filename)!r} has no checkpoint behind it')
