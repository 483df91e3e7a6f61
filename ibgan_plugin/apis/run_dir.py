"""What a run left in its work directory, as one object: curves, report, explorer and sweeps read runs through it."""
import json
import math
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from ibgan_plugin.config.load import read_config
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.series import Series

#: Lines of a log of MMEngine that describe the machine: ``    PyTorch: 2.13.0``.
_ENVIRONMENT_LINE = re.compile(r'^ {4}([A-Za-z][\w .]*): (.+)$')


class RunDir:
    """One run: the work directory of a training, with all its sessions (a session ends when the process does).

    Nothing is read before it is asked for, and nothing is written.

    Args:
        path: Work directory.

    Raises:
        IBGANError: If it is no folder, or holds nothing that a run leaves.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise IBGANError(f'no run directory {str(path)!r}')
        if not (self.sessions or self.checkpoints or (self.path / run_names.SCORES).is_file()):
            raise IBGANError(f'{str(path)!r} holds no run: there is no */{run_names.VIS_DATA}/{run_names.SCALARS}, no '
                             f'iter_*.pth or epoch_*.pth and no {run_names.SCORES} in it')

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.resolve().name

    @cached_property
    def sessions(self) -> list[Path]:
        """Folders of the sessions that logged scalars, oldest first: their names are the times of their starts."""
        return sorted(file.parents[1] for file in self.path.glob(f'*/{run_names.VIS_DATA}/{run_names.SCALARS}') if file.is_file())

    @cached_property
    def config(self) -> Config:
        """The config as the newest session used it.

        Raises:
            IBGANError: If no session left one, or it can not be read.
        """
        files = self._session_configs or ([self._copy] if self._copy else [])
        if not files:
            raise IBGANError(f'{str(self.path)!r} holds no config: there is no */{run_names.VIS_DATA}/{run_names.CONFIG} in it')
        return read_config(files[0])

    @property
    def config_name(self) -> str:
        """Name of the config file that was trained."""
        return self._copy.stem if self._copy else self.name

    @cached_property
    def _session_configs(self) -> list[Path]:
        """Configs of the sessions, newest first; of trainings before those of tests, which may have other options."""
        files = sorted(self.path.glob(f'*/{run_names.VIS_DATA}/{run_names.CONFIG}'), reverse=True)
        return sorted(files, key=lambda file: file.parents[1] not in self.sessions)

    @cached_property
    def _copy(self) -> Path | None:
        """The copy of the config that MMEngine leaves beside the checkpoints, under the name of its file.

        Others may lie there, of an earlier run or a user's: it is the one that a session has too, the newest where none has.
        """
        copies = {file: file.read_bytes() for file in sorted(self.path.glob('*.py')) if file.is_file()}
        for config in self._session_configs:
            text = config.read_bytes()
            for file, copy in copies.items():
                if copy == text:
                    return file
        return max(copies, key=lambda file: (file.stat().st_mtime_ns, file.name), default=None)

    @property
    def seed(self) -> int | None:
        """Seed of the run."""
        return self.config.get('randomness', {}).get('seed')

    @cached_property
    def checkpoints(self) -> dict[int, Path]:
        """Checkpoint files by iteration, or by epoch where they are saved so, in its order."""
        return run_names.numbered_checkpoints(self.path)

    def pictures(self, kind: str = run_names.TRAVERSAL) -> dict[int, Path]:
        """Pictures of ``'traversal'`` or ``'samples'`` by iteration, in its order."""
        found = {int(match[1]): file for file in self.path.glob(f'{kind}_*.png')
                 if file.is_file() and (match := re.search(r'_(\d+)$', file.stem))}
        return dict(sorted(found.items()))

    @cached_property
    def scalars(self) -> dict[str, Series]:
        """Every logged scalar over iterations, all sessions joined.

        A session that went on from iteration n replaces what earlier sessions logged beyond n: what the run went on from is its
        history. It may open with the validation of n itself. A line that a kill cut off at a file's end is left out.

        Raises:
            IBGANError: If a line within a file is no JSON object with a ``step``; names file and line.
        """
        history: dict[str, dict[int, float]] = {}
        for session in self.sessions:
            lines = list(_scalar_lines(session / run_names.VIS_DATA / run_names.SCALARS))
            opening = lines[0][0] if lines else 0
            first = min((step for step, _, is_training in lines if is_training or step > opening), default=math.inf)
            for values in history.values():
                for step in [step for step in values if step >= first]:
                    del values[step]
            for step, scalars, _ in lines:
                for key, value in scalars.items():
                    history.setdefault(key, {})[step] = value
        return {key: Series.of(values) for key, values in sorted(history.items()) if values}

    @cached_property
    def scores(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What ``tools/test.py`` wrote, ``{metric: {score: {protocol, mean, std, num_seeds}}}``; empty if it was not run."""
        return self._json(run_names.SCORES)

    @cached_property
    def information(self) -> dict[str, np.ndarray]:
        """How codes and factors go together: arrays that ``tools/test.py`` wrote; empty if it did not.

        ``mutual_information`` and ``importance``, each [codes, factors], and ``factor_names`` [factors].
        """
        file = self.path / run_names.INFORMATION
        if not file.is_file():
            return {}
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError) as error:
            raise IBGANError(f'{file} can not be read: {error}') from error

    @cached_property
    def environment(self) -> dict[str, str]:
        """Machine and packages: of the file a session leaves, else read from the head of the newest log."""
        found = self._json(run_names.ENVIRONMENT)
        if found:
            return {str(key): str(value) for key, value in found.items()}
        for log in sorted(self.path.glob('*/*.log'), reverse=True):
            with open(log, errors='replace') as file:
                matches = map(_ENVIRONMENT_LINE.match, islice(file, 80))
                found = {match[1]: match[2].strip() for match in matches if match}
            if found:
                return found
        return {}

    def _json(self, name: str) -> dict[str, Any]:
        """A JSON object of the run; empty where there is no such file."""
        file = self.path / name
        if not file.is_file():
            return {}
        try:
            content = json.loads(file.read_text())
        except (ValueError, RecursionError) as error:
            raise IBGANError(f'{file} is no JSON: {error}') from error
        if not isinstance(content, dict):
            raise IBGANError(f'{file} must hold a JSON object, got {type(content).__name__}')
        return content

    def __repr__(self) -> str:
        return f'RunDir({str(self.path)!r})'


def _scalar_lines(file: Path) -> Iterator[tuple[int, dict[str, float], bool]]:
    """Step and scalars of each line, and whether a training logged it; a value that JSON can not hold (null) is NaN."""
    lines = file.read_bytes().split(b'\n')
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
            step = int(content['step'])
            yield step, {key: math.nan if value is None else float(value) for key, value in content.items()
                         if key not in ('step', 'iter') and (value is None or isinstance(value, (int, float)))}, 'iter' in content
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            if number == len(lines):  # without its line break: the process was killed while it wrote
                return
            raise IBGANError(f'{file}, line {number}: must be a JSON object with a step, got {line[:80]!r}') from error
