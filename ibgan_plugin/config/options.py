"""Options of the command line that change a config. Importing this is cheap: ``--help`` waits for it."""
import argparse
from typing import Any

from mmengine.config import DictAction

#: How the processes of a run were started.
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
#: Names of mixed precision on the command line, and torch's.
AMP_TYPES = {'fp16': 'float16', 'bf16': 'bfloat16'}


class ConfigOptions(DictAction):
    """Argparse action for ``--cfg-options KEY=VALUE ...``: MMEngine's, but a mistake ends in one line that shows it."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        """Add the dotted keys and their values to the namespace."""
        for value in values:
            try:
                super().__call__(parser, namespace, [value], option_string)
            except (AssertionError, ValueError) as error:  # no '=', or brackets that do not close
                raise argparse.ArgumentError(self, f'must be KEY=VALUE with balanced brackets, got {value!r}') from error
