"""Which runs a sweep has."""
import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ibgan_plugin.config.check import MAX_SEED
from ibgan_plugin.config.load import load_config
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.errors import IBGANError

#: What a finished run leaves beside its scores.
RECORD = run_names.SWEEP_RECORD
#: What a run leaves when it starts: of which options the checkpoints are.
START = run_names.SWEEP_START


class Run(NamedTuple):
    """One training: a setting of the options and a seed."""
    config: str  # path of the config file
    setting: str  # e.g. 'beta=0.141', or 'default'
    options: dict[str, Any]  # dotted keys to values
    seed: int
    work_dir: str
    digest: str  # of everything that decides what the run computes
    data: str  # config of the images whose codes are compared

    @property
    def name(self) -> str:
        """Setting and seed: the run's folder below the sweep's."""
        return f'{self.setting}/seed{self.seed}'

    def record(self) -> dict[str, Any] | None:
        """What the run wrote when it was done, or None while it is not.

        Raises:
            IBGANError: If the folder holds the run of another config, finished or stopped, or a file is damaged.
        """
        record = self._read(RECORD, 'finished')
        if record is None and run_names.numbered_checkpoints(self.work_dir):
            self._read(START, 'stopped')
        return record

    def _read(self, name: str, state: str) -> dict[str, Any] | None:
        """A file that the run has left in this ``state``, None where there is none."""
        path = Path(self.work_dir) / name
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text())
            digest = content['digest']
        except (ValueError, TypeError, KeyError) as error:
            raise IBGANError(f'{path} is no record of a {state} run ({type(error).__name__}: {error}): remove it to '
                             f'{"do the run again" if state == "finished" else "go on with the run"}') from error
        if digest != self.digest:
            raise IBGANError(f'{self.work_dir} holds the {state} run of another config, or of other options: '
                             f'choose another --work-dir, or remove that folder')
        return content


class Plan(NamedTuple):
    """All runs of a sweep and the folder that holds theirs."""
    folder: Path
    runs: list[Run]


def make_plan(configs: Sequence[str], folder: str | Path, seeds: Sequence[int], grid: Mapping[str, Sequence[Any]] | None = None,
              fixed: Mapping[str, Any] | None = None) -> Plan:
    """The product of configs, settings and seeds, every run's config read and checked before the first one starts.

    Args:
        configs: Config files.
        folder: Where the runs' folders go.
        seeds: Seeds, each once.
        grid: Dotted config keys, each to the values that it takes in turn.
        fixed: Dotted config keys to values that all runs share.

    Raises:
        IBGANError: If there is no seed or no value, one is named twice, or a config has a mistake or nothing to test.
    """
    grid = dict(grid or {})
    for what, values in [('--seeds', seeds), *((f'--grid {key}', values) for key, values in grid.items())]:
        if not values:
            raise IBGANError(f'{what} names no value')
        if len({repr(value) for value in values}) < len(values):
            raise IBGANError(f'{what} names a value twice: {list(values)}')
    for seed in seeds:
        if not 0 <= seed <= MAX_SEED:
            raise IBGANError(f'--seeds must be from 0 to {MAX_SEED:,}, got {seed}')
    for key in (fixed or {}).keys() & grid.keys():
        raise IBGANError(f'{key} is in --grid and in --cfg-options: {list(grid[key])} and {(fixed or {})[key]!r}')
    for key, option in [('randomness.seed', '--seeds'), ('work_dir', '--work-dir')]:
        if key in {**grid, **(fixed or {})}:
            raise IBGANError(f'{key} is said by {option}')
    if len({Path(config).stem for config in configs}) < len(configs):
        raise IBGANError(f'two configs have the same name: {list(configs)}')
    settings = [(config, dict(zip(grid, values, strict=True)))
                for config, values in itertools.product(configs, itertools.product(*grid.values()))]
    named = zip(setting_names(settings), settings, strict=True)
    return Plan(Path(folder), [_make_run(config, name, {**(fixed or {}), **choices}, seed, Path(folder))
                               for name, (config, choices) in named for seed in seeds])


def setting_names(settings: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """A folder's name for each config with its choices; those that would share one end in a hash of what they are."""
    several = len({config for config, _ in settings}) > 1
    names = []
    for config, choices in settings:
        parts = ([Path(config).stem] if several else []) + [f'{key.rpartition(".")[2]}={value}' for key, value in choices.items()]
        names.append(re.sub(r'[^\w.=,+-]', '_', ','.join(parts)) or 'default')
    return [name if names.count(name) == 1 else f'{name}-{_short_hash((Path(config).stem, list(choices.items())))}'
            for name, (config, choices) in zip(names, settings, strict=True)]


def _short_hash(value: Any) -> str:
    """Eight characters that tell values apart whose ``repr`` differs, the same every time."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]


def _make_run(config: str, setting: str, options: dict[str, Any], seed: int, folder: Path) -> Run:
    """A run whose config has been read."""
    work_dir = folder / setting / f'seed{seed}'
    cfg = load_config(config, str(work_dir), dict(options), seed)
    if not cfg.get('test_evaluator') or not cfg.get('test_dataloader'):
        raise IBGANError(f'{config} has no test_evaluator or no test_dataloader: each run of a sweep ends with its test')
    text = _as_text(cfg.to_dict() | dict(work_dir=''))
    data = _as_text((cfg.get('test_dataloader') or {}).get('dataset'))
    return Run(config, setting, options, seed, str(work_dir), hashlib.sha256(text.encode()).hexdigest(), data)


def _as_text(value: Any) -> str:
    """Plain data as text, the same for the same values."""
    return json.dumps(value, sort_keys=True, default=str)
