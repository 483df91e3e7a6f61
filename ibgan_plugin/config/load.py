"""From a config file and the command line's options to a checked config."""
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from ibgan_plugin.config.data_paths import find_data
from ibgan_plugin.config.errors import ConfigError, kept
from ibgan_plugin.config.files import chain, read_data, read_file
from ibgan_plugin.config.types import check_named, import_registries
from ibgan_plugin.config.zoo import find_model, is_name


def read_config(path: str | Path, cfg_options: Mapping[str, Any] | None = None) -> Config:
    """Read a config and put ``cfg_options``, dotted keys to values, in place of its own.

    A Python config is a program, and is run. Options, configs in YAML or JSON, and those that safetensors files hold are data:
    what they name as a ``type`` must be in a registry, so that they run nothing that is not meant to be named there.

    Args:
        path: A config file, the name of a model of the zoo, or a safetensors file, which holds the config of its model.
        cfg_options: Dotted keys to values that replace the config's.

    Raises:
        ConfigError: If a file can not be read, or an option can not be applied.
        IBGANError: If there is no such model, or the safetensors file has no config.
    """
    cfg, mistakes = _read(path, dict(cfg_options or {}))
    if mistakes:
        raise ConfigError(mistakes)
    return cfg


def _read(path: str | Path, options: dict[str, Any]) -> tuple[Config, list[str]]:
    """As :func:`read_config`, with what is wrong with options that can not be applied, which are left out."""
    path = find_model(str(path)).config if is_name(path) else Path(path)
    cfg, mistakes = read_file(path), list[str]()
    scope = cfg.get('default_scope')
    if isinstance(scope, str) and path.suffix == '.py':
        import_registries([scope])
    for file in chain(path):
        if file.suffix != '.py':
            check_named(str(file), read_data(file), scope, is_file=True)
    with kept(mistakes):
        apply_options(cfg, options)
    leave_out_schedules(cfg, options)
    check_named(f'{path}, options', options, cfg.get('default_scope'))
    find_data(cfg)
    return cfg, mistakes


def load_config(path: str | Path, work_dir: str | None = None, cfg_options: Mapping[str, Any] | None = None,
                seed: int | None = None, launcher: str = 'none') -> Config:
    """Read a config, apply the command line's options to it, and check it.

    Args:
        path: Config file.
        work_dir: Where results go; by default the config's own, else ``work_dirs/<config name>``.
        cfg_options: Dotted keys to values that replace the config's.
        seed: Seed of everything random.
        launcher: How processes were started, one of ``LAUNCHERS``.

    Raises:
        ConfigError: If the config has mistakes; names all of them.
    """
    from ibgan_plugin.config.check import MAX_SEED, check_config  # asks torch and MMEngine's runner what they take
    if work_dir is not None and not work_dir.strip():
        raise ConfigError('--work-dir must name a folder, got an empty name')
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise ConfigError(f'--seed must be from 0 to {MAX_SEED:,}, got {seed}')
    cfg, mistakes = _read(path, dict(cfg_options or {}))
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(path).stem)
    cfg.launcher = launcher
    randomness = cfg.get('randomness') or {}
    if seed is not None and isinstance(randomness, dict):  # anything else is named below
        cfg.randomness = {**randomness, 'seed': seed}
    with kept(mistakes):
        check_config(cfg)
    if mistakes:
        raise ConfigError(mistakes)
    return cfg


def apply_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Put values at dotted keys of a config: ``model.kl_loss.beta``, ``default_hooks.beta.points``.

    A dict is merged into the dict that is there. ``KEY._delete_ = True`` empties a dict before the other options.

    Raises:
        ConfigError: Names all keys that lead through something that has no keys, or to no place of a list.
    """
    mistakes = []
    for key in sorted(options, key=lambda key: not key.endswith('._delete_')):
        if key == 'launcher':
            mistakes.append('launcher is said by --launcher, or by the scripts that start several processes')
            continue
        if key.partition('.')[0] in ('custom_imports', '_base_'):
            mistakes.append(f'{key} can stand in a config file only, since it names code to run')
            continue
        try:
            first, *rest = key.split('.')
            cfg[first] = _with(cfg.get(first, ConfigDict()), rest, options[key], first)
        except ConfigError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigError([f'{cfg.filename or "config"}: {mistake}' for mistake in mistakes])


def leave_out_schedules(cfg: Config, options: Mapping[str, Any]) -> None:
    """Take out each schedule of a number that an option sets: the number stays what was asked for, and a warning says so."""
    hooks = [(f'default_hooks.{name}', hook) for name, hook in (cfg.get('default_hooks') or {}).items()]
    hooks += [(f'custom_hooks.{place}', hook) for place, hook in enumerate(cfg.get('custom_hooks') or [])]
    for place, hook in hooks:
        if not isinstance(hook, dict) or str(hook.get('type')).rpartition('.')[2] != 'ScheduleHook':
            continue
        key = f'model.{hook.get("field")}'
        if key in options and not any(f'{option}.'.startswith(f'{place}.') for option in options):
            warnings.warn(f'{key} = {options[key]} stays constant: the schedule {place}, which sets it too, is left out')
            kind, name = place.split('.')
            cfg[kind] = {**cfg[kind], name: None} if kind == 'default_hooks' else [
                each for each in cfg[kind] if each != hook]


def _with(node: Any, parts: Sequence[str], value: Any, path: str) -> Any:
    """A copy of ``node``, which is at ``path``, with ``value`` at the place that ``parts`` lead to."""
    if not parts:
        if isinstance(value, Mapping) and isinstance(node, dict):
            merged = ConfigDict(node)
            merged.merge(dict(value))
            return merged
        return ConfigDict(value) if isinstance(value, Mapping) else value
    part, rest = parts[0], parts[1:]
    if isinstance(node, list):
        if not part.isdecimal() or int(part) >= len(node):
            places = f'0 to {len(node) - 1}' if node else 'none: it is empty'
            raise ConfigError(f'{path}.{part}: {path} is a list, whose places are {places}')
        return [_with(child, rest, value, f'{path}.{part}') if i == int(part) else child for i, child in enumerate(node)]
    if not isinstance(node, dict):
        raise ConfigError(f'{path}.{part}: {path} = {node!r} has no keys')
    if part not in node and part.lstrip('-').isdecimal():
        raise ConfigError(f'{path}.{part}: {path} is no list with such a place; places of lists are 0, 1, ...')
    if parts == ['_delete_']:
        return ConfigDict() if value else node
    copy = node.copy()
    copy[part] = _with(node.get(part, ConfigDict()), rest, value, f'{path}.{part}')
    return copy
