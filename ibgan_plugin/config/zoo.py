"""Models by name: configs and shipped weights as the metafiles of the zoo list them."""
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

import ibgan_plugin
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file
from ibgan_plugin.utils.safetensors_file import SUFFIX

PACKAGE = Path(ibgan_plugin.__file__).parent
#: Where openmim looks for configs and metafiles too: links in a checkout, copies in an installed package.
ZOO = PACKAGE / '.mim'


class Entry(NamedTuple):
    """A model of the zoo."""
    name: str
    config: Path
    weights: Path | None  # None where none are shipped


def entries() -> dict[str, Entry]:
    """All models of the zoo by name."""
    found = {}
    for metafile in _read(ZOO / 'model-index.yml')['Import']:
        for model in _read(ZOO / metafile)['Models']:
            weights = PACKAGE / 'weights' / Path(model['Weights']).name if 'Weights' in model else None
            found[model['Name']] = Entry(model['Name'], ZOO / model['Config'], weights)
    return found


def find_model(name: str) -> Entry:
    """The model of that name.

    Raises:
        IBGANError: If there is none; lists those that there are.
    """
    known = entries()
    if name not in known:
        raise IBGANError(f'no config file {name!r}, and no model of that name: known are {", ".join(sorted(known))}')
    return known[name]


def is_name(config: str | Path) -> bool:
    """Whether ``config`` can only be the name of a model: neither a path nor a file."""
    return re.fullmatch(r'[\w-]+', str(config)) is not None and not Path(config).exists()


def weights_of(config: str | Path, checkpoint: str | Path | None = None) -> str:
    """The checkpoint, or where none is named the weights that come with ``config``: a model's name, or a safetensors file.

    Raises:
        IBGANError: If none come with it, or there is no such file.
    """
    if checkpoint is not None:
        return str(checkpoint)
    if Path(config).suffix == SUFFIX:
        return str(config)
    weights = find_model(str(config)).weights if is_name(config) else None
    if weights is None:
        if not is_name(config):
            check_regular_file(config, 'config file')
        shipped = ', '.join(sorted(entry.name for entry in entries().values() if entry.weights))
        raise IBGANError(f'{config} comes without weights: name a checkpoint too; models with weights: {shipped or "none"}')
    return str(weights)


def _read(path: Path) -> dict[str, Any]:
    """A YAML file of the zoo."""
    return yaml.safe_load(path.read_text())
