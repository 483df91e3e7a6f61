"""Trained models by what users call them on a command line."""
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from ibgan_plugin.apis.inferencer import IBGANInferencer
from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.config.load import read_config
from ibgan_plugin.config.zoo import find_model, is_name, weights_of
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.safetensors_file import SUFFIX

#: Files that are configs, whose checkpoints come behind them.
_CONFIGS = ('.py', '.json', '.yml', '.yaml')


class Trained(NamedTuple):
    """A model with its weights, and where they are from."""
    name: str
    config: Config
    model: LatentModel


def load_trained(references: Sequence[str], device: str | None = None) -> list[Trained]:
    """The models that a list of references names.

    Args:
        references: Work directories, whose newest checkpoint is taken; names of models of the zoo and safetensors files, which
            bring their weights along; config files, and names of models, each followed by its checkpoints.
        device: As for :class:`~ibgan_plugin.apis.inferencer.IBGANInferencer`.

    Raises:
        IBGANError: If a reference is none of these, or a config has no checkpoint behind it.
    """
    return [Trained(name, config, IBGANInferencer(config, checkpoint, device).model)
            for name, config, checkpoint in _resolve(references)]


def _resolve(references: Sequence[str]) -> Iterator[tuple[str, Config, str | Path]]:
    """Name, config and checkpoint file of each model."""
    for first, checkpoints in _with_their_checkpoints(references):
        if Path(first).is_dir():
            run = RunDir(first)
            if not run.checkpoints:
                raise IBGANError(f'{first!r} holds no checkpoint')
            number, file = list(run.checkpoints.items())[-1]
            yield f'{run.name}, {number} {"epochs" if file.name.startswith("epoch") else "iterations"}', run.config, file
        elif checkpoints:
            config = read_config(first)
            for path in map(Path, checkpoints):
                yield f'{Path(first).stem}, {Path(path.parent.name, path.stem)}', config, path
        else:
            weights = weights_of(first)
            yield Path(first).stem, read_config(first), weights


def _with_their_checkpoints(references: Sequence[str]) -> list[tuple[str, list[str]]]:
    """What names a model or its config, each with the checkpoint files behind it."""
    found: list[tuple[str, list[str]]] = []
    for reference in references:
        suffix = Path(reference).suffix
        takes_checkpoints = bool(found) and (Path(found[-1][0]).suffix in _CONFIGS or is_name(found[-1][0]))
        if Path(reference).is_dir() or suffix in _CONFIGS or (suffix == SUFFIX and not takes_checkpoints):
            found.append((reference, []))
        elif is_name(reference):
            find_model(reference)
            found.append((reference, []))
        elif takes_checkpoints:
            found[-1][1].append(reference)
        else:
            raise IBGANError(f'{reference!r} is no work directory, no config file, no safetensors file and no model of the zoo; '
                             'a checkpoint comes after its config')
    return found
