"""What a report calls its runs, and which of them are one setting."""
import json
import os.path
from collections.abc import Sequence
from pathlib import PurePath

from mmengine.config import Config

from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.config.changes import OF_A_RUN


def names_of(runs: Sequence[RunDir]) -> list[str]:
    """A name for each run: its folder, behind as many of the folders above as tell all runs apart."""
    parts = [run.path.resolve().parts for run in runs]
    for depth in range(1, max(map(len, parts), default=0) + 1):
        names = [str(PurePath(*each[-depth:])) for each in parts]
        if len(set(names)) == len(names):
            return names
    return [run.name for run in runs]


def setting_of(config: Config) -> str:
    """All that decides what a run computes, without its seed: equal for runs that differ in nothing else."""
    content = {key: value for key, value in config.to_dict().items() if key not in OF_A_RUN}
    if config.get('resume'):
        content.pop('load_from', None)
    content['randomness'] = {key: value for key, value in (content.get('randomness') or {}).items() if key != 'seed'}
    return json.dumps({'load_from': None, **content}, sort_keys=True, default=repr)


def group_names(keys: Sequence[tuple[str, str]], names: Sequence[str]) -> list[str]:
    """What the group of each run is called: by its config, or by its runs where another group is of that config, too.

    Args:
        keys: Name of the config and setting of each run; runs of the same are one group.
        names: Of the runs.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for key, name in zip(keys, names, strict=True):
        groups.setdefault(key, []).append(name)
    shared = {key: os.path.commonpath(members) for key, members in groups.items()}
    apart = all(shared.values()) and len(set(shared.values())) == len(shared)
    configs = [config for config, _ in groups]
    called = {key: key[0] if configs.count(key[0]) == 1 else shared[key] if apart else ', '.join(members)
              for key, members in groups.items()}
    return [called[key] for key in keys]
