"""Finding the mistakes in a config, all of them, before anything is built."""
import difflib
import inspect
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import PurePath
from typing import Any, get_type_hints

from mmengine.config import Config
from mmengine.registry import DefaultScope

from ibgan_plugin.config.errors import ConfigError, kept
from ibgan_plugin.config.options import shorten
from ibgan_plugin.config.types import (
    REGISTRIES,
    accepted_keys,
    find_type,
    fits,
    import_registries,
    package_of,
    registries_at,
    spell,
    unknown_type,
    walk,
)
from ibgan_plugin.registry import MODELS, SCOPE
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.run_names import CHECKPOINT_TEMPLATE, CHECKPOINT_TEMPLATES

#: Packages whose components have no arguments with a ``type`` but to build from a registry.
KNOWN_PACKAGES = (SCOPE, 'mmengine', 'mmcv', 'torch')
#: Keys that MMEngine takes out of a component's config before it builds the component.
_ALWAYS_ALLOWED = {'type', '_scope_', 'priority', 'convert_to_iter_based', 'init_cfg'}
_LOADER_KEYS = {'dataset', 'persistent_workers', 'collate_fn', 'sampler', 'batch_sampler', 'worker_init_fn', 'num_batch_per_epoch'}
#: Largest integer that anything but a seed or a number of bytes can mean, and largest seed, numpy's.
MAX_INTEGER, MAX_SEED = 10**9, 2**32 - 1
#: Places of components, which need a type.
_COMPONENTS = re.compile(r'model|\w+_dataloader\.(dataset|sampler)|optim_wrapper(\.\w+)?\.optimizer|\w+_hooks(\.\w+|\[\d+\])')
#: Names that checkpoint hooks give to files.
_CHECKPOINT_NAMES = re.compile(r'\w+_hooks(\.\w+|\[\d+\])\.filename_tmpl')
#: Least and largest of a loader's numbers.
_LOADER_NUMBERS = {'batch_size': (1, 1 << 20), 'num_workers': (0, max(64, 8 * (os.cpu_count() or 1))), 'prefetch_factor': (1, 1024)}
LOG_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')
#: Names of files within the work directory.
_INNER_PATHS = {'filename_tmpl', 'img_save_dir', 'config_save_file', 'scalar_save_file'}


@cache
def _runner_keys() -> set[str]:
    """Top-level keys that the runner reads."""
    from mmengine.runner import Runner  # where it is used: tools that run nothing start without it
    return set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'} | {
        'custom_imports', 'compile', 'sync_bn', 'find_unused_parameters', 'runner_type', 'strategy'}


def check_config(cfg: Config) -> None:
    """Raise :class:`ConfigError` with all that nothing reads and all that can not be.

    Checked are every ``type`` (is it registered?), the keys beside it (does its constructor take them, and values of this kind?),
    the keys of data loaders, numbers that no run can use, names of files (do they stay in the work directory?), and top-level
    keys that look like a misspelt one of the runner's; other top-level names are free for variables. Arguments of another
    package's component may have a ``type`` that is in no registry. Packages that a type names are imported.
    """
    where = cfg.filename or 'config'
    mistakes: dict[str, str] = {}
    for mistake in _mistakes(cfg.to_dict()):
        mistakes.setdefault(mistake.partition(' = ')[0], f'{where}: {mistake}')  # one a key is enough
    if mistakes:
        raise ConfigError([*mistakes.values(), *part_mistakes(cfg, set(mistakes))])


def part_mistakes(cfg: Config, known: Set[str] = frozenset()) -> list[str]:
    """What is wrong with parts of the model that can not be built each by itself, without memory: a line for each.

    Args:
        cfg: A config that has a mistake; of one that has none, the model is built as a whole.
        known: Keys of mistakes that are known; the parts that they are in are left out.
    """
    mistakes: list[str] = []
    model = cfg.get('model')
    for name, part in model.items() if isinstance(model, Mapping) else ():
        key = f'model.{name}'
        if isinstance(part, Mapping) and isinstance(part.get('type'), str) and not any(key in each for each in known):
            with kept(mistakes):
                build_on_meta(cfg, part)
    return mistakes


def build_on_meta(cfg: Config, part: Any) -> Any:
    """A model of a config, or a part of it, without memory; None if it can only be built with real numbers.

    Raises:
        ConfigError: If it can not be built; names file and key.
    """
    from torch import device  # where it is used: reading configs does without it
    scope = cfg.get('default_scope') or 'mmengine'
    with config_errors(cfg), warnings.catch_warnings(), DefaultScope.overwrite_default_scope(scope), device('meta'):
        warnings.simplefilter('ignore')  # they come again when it is built for use
        try:
            return MODELS.build(part)
        except NotImplementedError:  # another package's
            return None
        except RuntimeError as error:
            if 'meta' in str(error):
                return None
            raise


def _mistakes(cfg: dict[str, Any]) -> Iterator[str]:
    """All mistakes of a config, without its name."""
    for key in cfg:
        if key not in _runner_keys() and (close := difflib.get_close_matches(key, _runner_keys(), n=1, cutoff=0.8)):
            yield f'unknown key {key!r}; did you mean {close[0]!r}?'
    scope = cfg.get('default_scope') or ''
    if not isinstance(scope, str):
        yield f'default_scope = {scope!r} must be the name of a package'
        return
    types = [str(node['type']) for _, node in walk('', cfg) if isinstance(node.get('type'), str)]
    import_registries(sorted({scope, *(name.partition('.')[0] for name in types if '.' in name)}))
    yield from _misfits_at_top(cfg)
    for key in sorted(_runner_keys() & set(cfg)):
        yield from _component_mistakes(key, cfg[key], scope)
        yield from _value_mistakes(key, cfg[key])
    wrapper = cfg.get('optim_wrapper')
    if wrapper is not None and not isinstance(wrapper, dict):
        yield f'optim_wrapper = {wrapper!r} must be a dict, or None where nothing is trained'
        wrapper = None
    for path, name in (('runner_type', cfg.get('runner_type')), ('optim_wrapper.constructor', (wrapper or {}).get('constructor'))):
        if isinstance(name, str) and find_type(name, scope, registries_at(path)) is None:
            yield f'{path} = {unknown_type(name, scope, registries_at(path))}'
    yield from _loader_mistakes(cfg)
    yield from _schedule_mistakes(cfg.get('param_scheduler'), wrapper)


def _misfits_at_top(cfg: dict[str, Any]) -> Iterator[str]:
    """Top-level values that are not what the runner takes."""
    from mmengine.runner import Runner
    for key, hint in get_type_hints(Runner.__init__).items():
        if cfg.get(key) is not None and not fits(cfg[key], hint):  # other zoos write None for what is not given
            yield _misfit(key, cfg[key], hint)
    for key in ('val_evaluator', 'test_evaluator'):
        if isinstance(cfg.get(key), (str, int, float)):
            yield f'{key} = {shorten(cfg[key])} must be a dict with a type, or a list of such; options set single keys of it'
    if not isinstance(cfg.get('compile', False), (bool, dict)):
        yield _misfit('compile', cfg['compile'], bool | dict)
    if cfg.get('log_level') not in (None, *LOG_LEVELS):
        yield f'log_level = {shorten(cfg["log_level"])} must be one of {", ".join(LOG_LEVELS)}'


def _component_mistakes(key: str, value: Any, scope: str) -> Iterator[str]:
    """Unknown types in the value of a top-level key, and keys that a component does not take; not what another package's holds."""
    foreign: tuple[str, ...] = ()
    for path, node in walk(key, value):
        cls = None
        if isinstance(node.get('type'), str):
            registries = REGISTRIES if path.startswith(foreign) else registries_at(path)
            cls = find_type(node['type'], scope, registries)
            if cls is None and not path.startswith(foreign):
                yield f'{path}.type = {unknown_type(node["type"], scope, registries)}'
            if _of_another_package(cls):
                foreign += (f'{path}.', )
        yield from _node_mistakes(path, node, cls)


def _node_mistakes(path: str, node: dict, cls: Any) -> Iterator[str]:
    """Mistakes in one dict, whose ``type`` is ``cls`` (None if it has none that is known)."""
    if path.endswith('_dataloader'):
        from torch.utils.data import DataLoader
        allowed = set(inspect.signature(DataLoader.__init__).parameters) - {'self'} | _LOADER_KEYS
        yield from _key_mistakes(path, node, allowed, 'a data loader')
    if cls is None:
        return
    taken = accepted_keys(cls)
    if taken is not None:
        yield from _key_mistakes(path, node, taken, getattr(cls, '__name__', str(cls)))
    hints = {key: hint for key, hint in _hints(cls).items() if key in node}
    misfits = [_misfit(f'{path}.{key}', node[key], hint) for key, hint in hints.items() if not fits(node[key], hint)]
    yield from misfits or _argument_mistakes(path, node, cls)


def _argument_mistakes(path: str, node: dict, cls: Any) -> Iterator[str]:
    """What a class with a ``check_arguments`` of its own says of them: a metric is built only when the training has ended."""
    if 'check_arguments' not in vars(cls):
        return
    try:
        cls.check_arguments(**{key: value for key, value in node.items() if key not in _ALWAYS_ALLOWED})
    except (IBGANError, TypeError) as error:  # TypeError: an argument that is missing or too many
        yield f'{path}: {error}'


def _hints(cls: Any) -> dict[str, Any]:
    """Types of arguments by name, those of base classes too; of other packages only integers: not all their hints are true."""
    hints: dict[str, Any] = {}
    for base in reversed(inspect.getmro(cls)) if inspect.isclass(cls) else ():
        if '__init__' in base.__dict__:
            with suppress(AttributeError, NameError, TypeError):  # another package's, that can not be evaluated
                found = get_type_hints(base.__dict__['__init__'])
                is_ours = base.__module__.startswith(f'{SCOPE}.')
                hints.update({key: hint for key, hint in found.items() if is_ours or hint is int})
    return hints


def _key_mistakes(path: str, node: dict, allowed: set[str], taker: str) -> Iterator[str]:
    """Keys of ``node`` that ``taker`` does not take."""
    for key in node:
        if key not in allowed | _ALWAYS_ALLOWED:
            close = difflib.get_close_matches(key, allowed, n=1)
            hint = f'did you mean {close[0]!r}? ' if close else ''
            yield f'unknown key {path}.{key} = {shorten(node[key])}; {hint}{taker} takes: {", ".join(sorted(allowed))}'


def _value_mistakes(path: str, value: Any) -> Iterator[str]:
    """Numbers that no run can use, and file names that lead out of the work directory, below ``path``."""
    last = re.split(r'[.\[]', path)[-1]
    if _COMPONENTS.fullmatch(path) and not _is_component(value, or_none='_hooks' in path):
        yield f'{path} = {shorten(value)} must be a dict with a type'
    if _CHECKPOINT_NAMES.fullmatch(path) and value is not None and not CHECKPOINT_TEMPLATE.fullmatch(str(value)):
        yield f'{path} = {shorten(value)} must be {CHECKPOINT_TEMPLATES}'
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _value_mistakes(f'{path}.{key}', child)
    elif isinstance(value, (list, tuple)):
        for i, child in enumerate(value):
            yield from _value_mistakes(f'{path}[{i}]', child)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f'{path} = {value} must be finite'
    elif isinstance(value, int) and 'bytes' not in path and last not in _LOADER_NUMBERS:
        limit = MAX_SEED if 'seed' in path else MAX_INTEGER
        if abs(value) > limit:
            yield f'{path} = {shorten(value, 20)} is beyond all use, at most {limit:,}'
    elif isinstance(value, str) and last in _INNER_PATHS and (PurePath(value).is_absolute() or '..' in PurePath(value).parts):
        yield f'{path} = {value!r} must stay inside the work directory'


def _is_component(value: Any, or_none: bool) -> bool:
    """Whether a value can be built: a dict with a type, or an object that is built already."""
    if value is None:
        return or_none
    return 'type' in value if isinstance(value, Mapping) else hasattr(value, '__dict__')


def _misfit(path: str, value: Any, hint: Any) -> str:
    """What to say of a value of the wrong type."""
    hint_of_quotes = '; in quotes of its own it is a string' if fits('', hint) and isinstance(value, (int, float)) else ''
    return f'{path} = {shorten(value)} must be {spell(hint)}, not {type(value).__name__}{hint_of_quotes}'


def _loader_mistakes(cfg: Mapping[str, Any]) -> Iterator[str]:
    """Sizes that a data loader can not have, and numbers of iterations that are none."""
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        for key, (least, most) in _LOADER_NUMBERS.items():
            value = loader.get(key) if isinstance(loader, Mapping) else None
            if value is not None and not (type(value) is int and least <= value <= most):
                yield f'{name}.{key} = {shorten(value, 30)} must be an integer of at least {least} and at most {most:,}'
    for key in ('max_iters', 'max_epochs', 'val_interval'):
        value = (cfg.get('train_cfg') or {}).get(key) if isinstance(cfg.get('train_cfg'), Mapping) else None
        if type(value) is int and value < 1:
            yield f'train_cfg.{key} = {shorten(value, 30)} must be an integer of at least 1'


def _schedule_mistakes(schedules: Any, optim_wrapper: Any) -> Iterator[str]:
    """Schedules that are given by group name must name every group of the optimisers, as MMEngine expects."""
    if not isinstance(schedules, Mapping) or 'type' in schedules or not isinstance(optim_wrapper, Mapping):
        return
    groups = {key for key, value in optim_wrapper.items() if isinstance(value, Mapping)}
    is_ours = str(optim_wrapper.get('constructor', '')).endswith('GroupedOptimWrapperConstructor')
    if is_ours and groups != set(schedules):
        yield (f'param_scheduler must have the groups of optim_wrapper, {", ".join(sorted(groups))}, each a list of schedulers, [] '
               f'for a constant rate; got {", ".join(sorted(schedules))}')


def pretrained_files(cfg: Config) -> list[str]:
    """Local weight files of all ``init_cfg=dict(type='Pretrained', checkpoint=...)`` in the model."""
    nodes = [node for _, node in walk('model', cfg.to_dict().get('model')) if node.get('type') == 'Pretrained']
    return [str(node['checkpoint']) for node in nodes if '://' not in str(node.get('checkpoint', '://'))]


@contextmanager
def config_errors(cfg: Config) -> Iterator[None]:
    """Turns what goes wrong while the parts of a config are built into a :class:`ConfigError` that names the file and the key.

    In another package's component any exception but a ``ValueError`` is taken to be a bug of that package: it keeps its traceback,
    and gets a note with file and key.
    """
    try:
        yield
    except ConfigError:
        raise
    except (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, MemoryError, RuntimeError, TypeError,
            ValueError) as error:
        where, component = cfg.filename or 'config', vars(error).get('component')
        key = _key_of(cfg.to_dict(), component)
        if not isinstance(error, ValueError) and _is_foreign(component, cfg.get('default_scope')):
            error.add_note(f'{where}: {key}')
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if isinstance(error, LookupError):  # its text is what was not found, alone
            lines = [f'{type(error).__name__}: {lines[0]}']
        place = f'{key}: ' if key and f'{key}.' not in lines[0] else ''
        raise ConfigError(f'{where}: {place}{lines[0]}') from error


def _is_foreign(component: Any, scope: Any) -> bool:
    """Whether the config of a component names a class of a package that is not known here."""
    name = component.get('type') if isinstance(component, Mapping) else None
    cls = find_type(name, scope, REGISTRIES) if isinstance(name, str) else name
    return _of_another_package(cls)


def _of_another_package(cls: Any) -> bool:
    """Whether a class, or a function that builds, is of a package that is not known here; None is not."""
    return callable(cls) and package_of(cls) not in KNOWN_PACKAGES


def _key_of(cfg: dict[str, Any], component: Any) -> str:
    """Where a component stands in a config, see :func:`~ibgan_plugin.registry.named`; '' where that is not known."""
    keys = sorted(_runner_keys() & set(cfg))
    places = [*((key, cfg[key]) for key in keys), *(item for key in keys for item in walk(key, cfg[key]))]
    return next((path for path, value in places if value and value == component), '')
