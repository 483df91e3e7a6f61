"""What a config says that its bases do not."""
import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

#: Where a run's config file is looked for by its name: the checkout, and an installed package.
_FOLDERS = (Path(__file__).parents[2] / 'configs', Path(__file__).parents[1] / '.mim/configs')
#: Keys of a config that say where a run is and whether it goes on, not what it computes.
OF_A_RUN = ('work_dir', 'launcher', 'resume', 'experiment_name')
#: Those that a command line sets besides, and what a training gives to its data loaders.
_OF_A_START = ('load_from', 'load_strict')
_OF_EVERY_LOADER = repr('ibgan_plugin.outlive_stop_signals')
#: A value that is not there.
MISSING = '(none)'


class Change(NamedTuple):
    """A key whose value is not that of the bases."""
    key: str
    value: str
    base: str


def config_changes(config: Config, name: str) -> list[Change] | None:
    """Keys in which a run's config differs from the bases of the shipped config it was made from.

    Args:
        config: The whole config of a run, command-line options included.
        name: Name of its file.

    Returns:
        In the order of the keys; None where no shipped config has the name, or it has no bases.
    """
    bases = _bases_of(name)
    if bases is None:
        return None
    ours, theirs = dict(_flat(config.to_dict())), dict(_flat(bases.to_dict()))
    return [Change(key, ours.get(key, MISSING), theirs.get(key, MISSING)) for key in sorted({*ours, *theirs})
            if ours.get(key) not in (theirs.get(key), _OF_EVERY_LOADER) and key.partition('.')[0] not in (*OF_A_RUN, *_OF_A_START)]


def _bases_of(name: str) -> Config | None:
    """The bases of a shipped config, merged as MMEngine merges them."""
    for file in (file for folder in _FOLDERS for file in sorted(folder.rglob(f'{name}.py'))):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_base_':
                bases = ast.literal_eval(node.value)
                paths = [str((file.parent / base).resolve()) for base in ([bases] if isinstance(bases, str) else bases)]
                return Config.fromstring(f'_base_ = {paths!r}', '.py')
    return None


def _flat(value: Any, key: str = '') -> Iterator[tuple[str, str]]:
    """Dotted keys and their values as text."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f'{key}.{name}' if key else str(name))
    else:
        yield key, repr(list(value) if isinstance(value, (list, tuple)) else value)
