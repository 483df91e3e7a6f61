"""Where the data sets are, whatever the current folder is."""
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ibgan_plugin.utils.data_root import DEFAULT, VARIABLE, data_root

#: Of this package, where it runs from a checkout.
CHECKOUT = Path(__file__).resolve().parents[2]


def find_data(cfg: Config) -> None:
    """Make the data paths of a config, those in loaders and evaluators that begin with ``data/``, those of this machine.

    With ``IBGAN_DATA_ROOT`` they are in that folder. Without it, what is not in the current folder's ``data``, but in that of
    the checkout, is taken from there, with one message: nothing is prepared twice.
    """
    elsewhere: set[str] = set()
    for part in [cfg[key] for key in cfg if key.endswith(('_dataloader', '_evaluator'))]:
        for node, key, value in _strings(part):
            if not value.startswith(f'{DEFAULT}/'):
                continue
            if os.environ.get(VARIABLE):
                node[key] = str(data_root() / value.removeprefix(f'{DEFAULT}/'))
            elif not Path(value).exists() and (CHECKOUT / value).exists():
                node[key] = str(CHECKOUT / value)
                elsewhere.add(node[key])
    if elsewhere:
        print(f'data: {", ".join(sorted(elsewhere))} of the checkout, since the current folder has none; {VARIABLE} names another '
              f'place', file=sys.stderr)  # what a tool prints may be read by a program


def forget_data_places(content: Any) -> None:
    """Undo :func:`find_data` in plain data, in place: paths below this machine's folder of the data sets begin with ``data/``."""
    places = [f'{place}/' for place in (data_root(), CHECKOUT / DEFAULT)]
    for node, key, value in _strings(content):
        for place in places:
            if value.startswith(place):
                node[key] = f'{DEFAULT}/{value.removeprefix(place)}'


def _strings(node: Any) -> Iterator[tuple[Any, Any, str]]:
    """All strings below ``node``, each with the dict or list that holds it and its key there; it may be replaced."""
    for key, value in dict.items(node) if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if isinstance(value, str):
            yield node, key, value
        else:
            yield from _strings(value)
