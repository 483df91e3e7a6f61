"""Finding mistakes in a config before anything is built."""
import difflib
import inspect
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import mmengine.registry
from mmengine.config import Config
from mmengine.registry import Registry, build_from_cfg
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ibgan_plugin.registry import SCOPE
from ibgan_plugin.utils.errors import IBGANError

_REGISTRIES = [value for value in vars(mmengine.registry).values() if isinstance(value, Registry)]
#: Packages whose components have no arguments with a ``type`` but to build from a registry.
_KNOWN_PACKAGES = (SCOPE, 'mmengine', 'mmcv', 'torch')
#: Keys that MMEngine takes out of a component's config before it builds the component.
_ALWAYS_ALLOWED = {'type', '_scope_', 'priority', 'convert_to_iter_based', 'init_cfg'}
_LOADER_KEYS = {'dataset', 'persistent_workers', 'collate_fn', 'sampler', 'batch_sampler', 'worker_init_fn', 'num_batch_per_epoch'}
_RUNNER_KEYS = set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'} | {
    'custom_imports', 'compile', 'sync_bn', 'find_unused_parameters', 'runner_type', 'strategy'}


class ConfigError(IBGANError):
    """A mistake in a config; the message, one line, names the file, the key, the value and what is allowed."""

    def __init__(self, message: str) -> None:
        super().__init__(' '.join(message.splitlines()))


def check_config(cfg: Config) -> None:
    """Raise :class:`ConfigError` on the first key or type that nothing reads.

    Checked are every ``type`` (is it registered?), the keys beside it (does its constructor take them?), the keys of data
    loaders, and top-level keys that look like a misspelt one of the runner's; other top-level names are free for variables.
    Arguments of another package's component may have a ``type`` that is in no registry.
    """
    where = cfg.filename or 'config'
    for key in cfg:
        if key not in _RUNNER_KEYS and (close := difflib.get_close_matches(key, _RUNNER_KEYS, n=1, cutoff=0.8)):
            raise ConfigError(f'{where}: unknown key {key!r}; did you mean {close[0]!r}?')
    cfg_dict = cfg.to_dict()
    for key in sorted(_RUNNER_KEYS & set(cfg_dict)):
        foreign: tuple[str, ...] = ()
        for path, node in _walk(key, cfg_dict[key]):
            cls = _check_node(where, path, node, cfg_dict.get('default_scope') or '', may_be_unknown=path.startswith(foreign))
            if cls is not None and cls.__module__.partition('.')[0] not in _KNOWN_PACKAGES:
                foreign += (f'{path}.', )
    _check_schedules(where, cfg_dict.get('param_scheduler'), cfg_dict.get('optim_wrapper'))


def _check_schedules(where: str, schedules: Any, optim_wrapper: Any) -> None:
    """Raise unless schedules that are given by group name every group of the optimisers, as MMEngine expects."""
    if not isinstance(schedules, Mapping) or 'type' in schedules or not isinstance(optim_wrapper, Mapping):
        return
    groups = {key for key, value in optim_wrapper.items() if isinstance(value, Mapping)}
    is_ours = str(optim_wrapper.get('constructor', '')).endswith('GroupedOptimWrapperConstructor')
    if is_ours and groups != set(schedules):
        raise ConfigError(f'{where}: param_scheduler must have the groups of optim_wrapper, {", ".join(sorted(groups))}, each a '
                          f'list of schedulers, [] for a constant rate; got {", ".join(sorted(schedules))}')


def pretrained_files(cfg: Config) -> list[str]:
    """Local weight files of all ``init_cfg=dict(type='Pretrained', checkpoint=...)`` in the model."""
    nodes = [node for _, node in _walk('model', cfg.to_dict().get('model')) if node.get('type') == 'Pretrained']
    return [str(node['checkpoint']) for node in nodes if '://' not in str(node.get('checkpoint', '://'))]


def _walk(path: str, value: Any) -> Iterator[tuple[str, dict]]:
    """All dicts below ``value`` with their dotted paths, outer ones first."""
    if isinstance(value, Mapping):
        yield path, dict(value)
        for key, child in value.items():
            yield from _walk(f'{path}.{key}', child)
    elif isinstance(value, (list, tuple)):
        for i, child in enumerate(value):
            yield from _walk(f'{path}[{i}]', child)


def _check_node(where: str, path: str, node: dict, default_scope: str, may_be_unknown: bool) -> Any:
    """Check one dict and return what its type names; a type without a prefix is of ``default_scope`` or MMEngine's."""
    if path.endswith('_dataloader'):
        allowed = set(inspect.signature(DataLoader.__init__).parameters) - {'self'} | _LOADER_KEYS
        _check_keys(where, path, node, allowed, 'a data loader')
        for key, least in (('batch_size', 1), ('num_workers', 0)):
            if key in node and not (type(node[key]) is int and node[key] >= least):
                raise ConfigError(f'{where}: {path}.{key} = {node[key]!r} must be an integer of at least {least}')
    if not isinstance(node.get('type'), str):
        return None
    cls = _resolve(node['type'], default_scope)
    if cls is None and may_be_unknown:
        return None
    if cls is None:
        scope, _, name = node['type'].rpartition('.')
        known = {n for registry in _REGISTRIES for n in _names(registry, scope)}
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        hint = f'; did you mean {" or ".join(f"{scope}.{n}" if scope else n for n in close)}?' if close else ''
        raise ConfigError(f'{where}: {path}.type = {node["type"]!r} is not registered{hint}')
    taken = accepted_keys(cls)
    if taken is not None:
        _check_keys(where, path, node, taken, getattr(cls, '__name__', str(cls)))
    if cls.__module__.startswith(f'{SCOPE}.') and inspect.isclass(cls):
        for key, hint in get_type_hints(cls.__init__).items():
            if key in node and not _fits(node[key], hint):
                raise ConfigError(f'{where}: {path}.{key} = {node[key]!r} must be {_spell(hint)}, not {type(node[key]).__name__}')
    return cls


def _fits(value: Any, hint: Any) -> bool:
    """Whether a config value is of an annotated type. Hints beyond numbers, strings, dicts and sequences fit anything."""
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, option) for option in get_args(hint))
    if hint is None or hint is type(None):
        return value is None
    if hint in (bool, int, float, str, Path):
        allowed: tuple[type, ...] = {float: (int, float), Path: (str, Path)}.get(hint, (hint, ))
        return isinstance(value, allowed) and (hint is bool or not isinstance(value, bool))
    origin = get_origin(hint) or hint
    if origin in (dict, Mapping):
        return isinstance(value, Mapping)
    if origin in (list, tuple, Sequence):
        element = get_args(hint)[0] if get_args(hint) else Any
        return isinstance(value, (list, tuple)) and all(_fits(child, element) for child in value)
    return True


def _spell(hint: Any) -> str:
    """A type as people write it: ``int``, ``dict or None``."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint, )
    return ' or '.join('None' if o is type(None) else (str(o) if get_args(o) else getattr(o, '__name__', str(o))) for o in options)


@contextmanager
def config_errors(cfg: Config) -> Iterator[None]:
    """Turns what goes wrong while the parts of a config are built into a :class:`ConfigError` that names the file."""
    try:
        yield
    except ConfigError:
        raise
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        key = _failed_key(cfg, error)
        place = f'{key}: ' if key and f'{key}.' not in lines[0] else ''
        raise ConfigError(f'{cfg.filename or "config"}: {place}{lines[0]}') from error


def _failed_key(cfg: Config, error: Exception) -> str:
    """Key of the innermost component that raised ``error`` while it was built; '' where that is not known."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code is build_from_cfg.__code__]
    cfg_dict = cfg.to_dict()
    nodes = [item for key in sorted(_RUNNER_KEYS & set(cfg_dict)) for item in _walk(key, cfg_dict[key])]
    return next((path for frame in reversed(frames) for path, node in nodes if node == frame.f_locals['cfg']), '')


def _check_keys(where: str, path: str, node: dict, allowed: set[str], taker: str) -> None:
    """Raise unless all keys of ``node`` are allowed."""
    for key in node:
        if key not in allowed | _ALWAYS_ALLOWED:
            close = difflib.get_close_matches(key, allowed, n=1)
            hint = f'did you mean {close[0]!r}? ' if close else ''
            raise ConfigError(f'{where}: unknown key {path}.{key} = {node[key]!r}; {hint}{taker} takes: '
                              f'{", ".join(sorted(allowed))}')


def accepted_keys(cls: Any) -> set[str] | None:
    """Keyword arguments of a class or function; None if it takes any.

    A class that passes ``**kwargs`` on is taken to pass them to the constructor of its next base.
    """
    keys: set[str] = set()
    bases = inspect.getmro(cls) if inspect.isclass(cls) else ()
    constructors = [base.__dict__['__init__'] for base in bases if '__init__' in base.__dict__] or [cls]
    for constructor in constructors:
        try:
            parameters = inspect.signature(constructor).parameters.values()
        except (TypeError, ValueError):
            return None
        keys |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)} - {'self'}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return keys
    return None


def _resolve(name: str, default_scope: str) -> Any:
    """The class or function registered under ``name`` in any of MMEngine's registries, or None."""
    names = [name] if '.' in name or not default_scope else [f'{default_scope}.{name}', name]
    return next((found for found in (registry.get(key) for key in names for registry in _REGISTRIES) if found is not None), None)


def _names(registry: Registry, scope: str) -> list[str]:
    """Names registered in ``registry``, or in its child ``scope``."""
    registry = registry.children.get(scope, registry) if scope else registry
    return list(registry.module_dict)
