"""What the names in a config stand for: classes and functions in registries, and nothing else."""
import difflib
import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import mmengine.registry
from mmengine.registry import Registry

import ibgan_plugin.registry  # noqa: F401  the registries of this scope
from ibgan_plugin.config.errors import ConfigError

REGISTRIES = [value for value in vars(mmengine.registry).values() if isinstance(value, Registry)]
#: Keys whose value names a component.
NAMING = ('type', 'constructor', 'runner_type')
_INDEX = r'(\[\d+\]|\.\d+)'  # of a list; an option has ``hooks.0``
#: Of which registries the components at known places are, the first pattern that fits a place's path. Elsewhere any will do.
_PLACES = tuple((re.compile(pattern), registries) for pattern, registries in (
    (rf'.+\.init_cfg{_INDEX}?', ('weight initializer', )),
    (rf'model(\.\w+{_INDEX}?)*', ('model', )),
    (r'model_wrapper_cfg', ('model_wrapper', )),
    (r'\w+_dataloader\.dataset', ('dataset', )),
    (rf'\w+_dataloader\.dataset\.pipeline{_INDEX}', ('transform', )),
    (r'\w+_dataloader\.(batch_)?sampler', ('data sampler', )),
    (r'\w+_dataloader\.(collate_fn|worker_init_fn)', ('function', )),
    (rf'default_hooks\.\w+|custom_hooks{_INDEX}', ('hook', )),
    (r'(train|val|test)_cfg', ('loop', )),
    (rf'(val|test)_evaluator(\.metrics)?{_INDEX}?', ('metric', 'evaluator')),
    (r'optim_wrapper\.constructor', ('optimizer wrapper constructor', )),
    (r'optim_wrapper(\.\w+)?\.optimizer', ('optimizer', )),
    (r'optim_wrapper(\.\w+)?', ('optim_wrapper', )),
    (rf'param_scheduler(\.\w+)?{_INDEX}?', ('parameter scheduler', )),
    (r'visualizer', ('visualizer', )),
    (rf'(visualizer\.)?vis_backends{_INDEX}', ('vis_backend', )),
    (r'log_processor', ('log_processor', )),
    (r'runner_type', ('runner', )),
))


def walk(path: str, value: Any) -> Iterator[tuple[str, dict]]:
    """All dicts below ``value`` with their dotted paths, outer ones first."""
    if isinstance(value, Mapping):
        yield path, dict(value)
        for key, child in value.items():
            yield from walk(f'{path}.{key}' if path else str(key), child)
    elif isinstance(value, (list, tuple)):
        for i, child in enumerate(value):
            yield from walk(f'{path}[{i}]', child)


def registries_at(place: str) -> list[Registry]:
    """The registries from which what a config names at a place is built; all of them where the place is nobody's.

    Args:
        place: Dotted path of a dict with a ``type``, or of another key of :data:`NAMING`.
    """
    names = next((names for pattern, names in _PLACES if pattern.fullmatch(place)), None)
    return [registry for registry in REGISTRIES if names is None or registry.name in names]


def package_of(component: Any) -> str:
    """Name of the package that a class, or a function that builds, is of; '' where it does not say."""
    return str(getattr(component, '__module__', '')).partition('.')[0]


def find_type(name: str, default_scope: str | None = None, registries: Sequence[Registry] = REGISTRIES) -> Any:
    """The class or function registered under ``name``, or None. Imports only what the registries list.

    MMEngine's own look-up would import and return anything that ``name`` is the path of, ``os.system`` too.

    Args:
        name: ``Name`` in ``default_scope`` or MMEngine's own, ``scope.Name``, or the full path of something registered.
        default_scope: Scope of names without one.
        registries: Roots of those to look in.
    """
    scope, _, key = name.rpartition('.')
    for registry in registries:
        for one in ([scope] if scope else [default_scope or '', '']):
            node = registry if one in ('', registry.scope) else registry.children.get(one)
            while node is not None:
                node.import_from_location()
                if key in node.module_dict:
                    return node.module_dict[key]
                node = node.parent
    found = _loaded(name) if scope else None
    return found if found is not None and any(found is known for known in _registered(registries)) else None


def _loaded(path: str) -> Any:
    """What a full path stands for, if its module has been imported already."""
    parts = path.split('.')
    for count in range(len(parts) - 1, 0, -1):
        found = sys.modules.get('.'.join(parts[:count]))
        if found is not None:
            for part in parts[count:]:
                found = getattr(found, part, None)
            return found
    return None


def _registered(registries: Iterable[Registry]) -> Iterator[Any]:
    for registry in registries:
        for node in (registry, *registry.children.values()):
            yield from node.module_dict.values()


def unknown_type(name: str, default_scope: str | None = None, registries: Sequence[Registry] = REGISTRIES) -> str:
    """What to say of a name that is in no registry, or in none of those that it has to be in."""
    scope, _, key = name.rpartition('.')
    other = next((registry.name for registry in REGISTRIES if find_type(name, default_scope, [registry]) is not None), None)
    if other is not None:
        asked = ' or '.join(registry.name for registry in registries)
        return f'{name!r} is registered as {_spoken(other)}, but {_spoken(asked)} must stand here'
    nodes = [node for registry in registries
             for node in (registry.children.get(scope or default_scope or ''), registry) if node is not None]
    close = difflib.get_close_matches(key, {known for node in nodes for known in node.module_dict}, n=3, cutoff=0.6)
    hint = f'; did you mean {" or ".join(f"{scope}.{known}" if scope else known for known in close)}?' if close else ''
    return f'{name!r} is not registered{hint}'


def _spoken(kind: str) -> str:
    """The name of a registry with its article: an optimizer."""
    return f'{"an" if kind[0] in "aeiou" else "a"} {kind.replace("_", " ")}'


def import_registries(scopes: Iterable[str]) -> None:
    """Import ``<scope>.registry`` of packages, as MMEngine does when it builds from them; packages without one are left alone."""
    for scope in filter(str.isidentifier, scopes):
        with suppress(ImportError):
            importlib.import_module(f'{scope}.registry')


def check_named(where: str, content: Mapping[str, Any], default_scope: Any, is_file: bool = False) -> None:
    """Raise unless all that options or a file of data name as components are registered.

    Args:
        where: Where the names come from.
        content: Nested, or with dotted keys.
        default_scope: The config's.
        is_file: Whether this is a file, which may not name a Python config either: one that came along would be run.

    Raises:
        ConfigError: Names all that are not.
    """
    mistakes = []
    for path, node in walk('', content):
        for key, value in node.items():
            place, last = f'{path}.{key}'.strip('.'), str(key).rpartition('.')[2]
            registries = registries_at(place.removesuffix('.type'))
            if last in NAMING and isinstance(value, str) and find_type(value, default_scope, registries) is None:
                mistakes.append(f'{where}: {place} = {unknown_type(value, default_scope, registries)}; a package that registers it '
                                f'must stand in custom_imports of a Python config')
            elif last in ('_scope_', 'default_scope') and value is not None and not _is_scope(value):
                mistakes.append(f'{where}: {place} = {value!r} is no scope of an imported package')
            elif is_file and last == 'config' and isinstance(value, str) and value.endswith('.py'):
                mistakes.append(f'{where}: {place} = {value!r} is a program, which only a Python config can name')
    if mistakes:
        raise ConfigError(mistakes)


def _is_scope(name: Any) -> bool:
    return any(name == registry.scope or name in registry.children for registry in REGISTRIES)


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


def fits(value: Any, hint: Any) -> bool:
    """Whether a config value is of an annotated type. Hints beyond numbers, strings, dicts and sequences fit anything."""
    if get_origin(hint) in (Union, UnionType):
        return any(fits(value, option) for option in get_args(hint))
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
        return isinstance(value, (list, tuple)) and all(fits(child, element) for child in value)
    return True


def spell(hint: Any) -> str:
    """A type as people write it: ``int``, ``dict or None``."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint, )
    return ' or '.join('None' if option is type(None) else _name(option) for option in options)


def _name(hint: Any) -> str:
    """``tuple[int, ...]``, ``Loop``, ``dict`` and ``list`` for what is as good as one, and of other long hints the outer name."""
    if get_origin(hint) in (Mapping, Sequence):
        return 'dict' if get_origin(hint) is Mapping else 'list'
    if get_args(hint) and not str(hint).startswith('typing.'):
        return str(hint)
    return getattr(get_origin(hint) or hint, '__name__', str(hint))
