"""Config files: Python ones, which are programs, and YAML and JSON ones, which are data and never more than that."""
import ast
import json
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config, ConfigDict
from mmengine.utils import import_modules_from_strings

from ibgan_plugin.config.errors import ConfigError
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file
from ibgan_plugin.utils.safetensors_file import SUFFIX, read_config_of

DATA_SUFFIXES = ('.yaml', '.yml', '.json', SUFFIX)
#: No config of people has as many bytes, values, or lists in one another.
MAX_BYTES, MAX_VALUES, MAX_DEPTH = 1 << 20, 100_000, 32
#: The shipped configs, which a YAML or JSON config may be based on: beside the package in a checkout, inside it when installed.
SHIPPED = tuple(Path(__file__).resolve().parents[level] / place for level, place in ((2, 'configs'), (1, '.mim/configs')))


def read_file(path: Path) -> Config:
    """The config that a file and its bases give.

    A Python config is run. One in YAML or JSON may have the ``_base_`` of its kind or a shipped config, and is only read.

    Raises:
        ConfigError: If a file is missing, is its own base, can not be read, or raises anything; names file and line.
    """
    for file in chain(path):
        if file.suffix in DATA_SUFFIXES:
            read_data(file)
    if path.suffix in DATA_SUFFIXES:
        return Config(_merged(path), filename=None if path.suffix == SUFFIX else path)  # MMEngine reads the file as text
    try:
        cfg = Config.fromfile(path, import_custom_modules=False)
    except (Exception, SystemExit) as error:
        raise _blame(path, error) from error
    try:
        import_modules_from_strings(**cfg.get('custom_imports', None) or dict(imports=None))
    except (Exception, SystemExit) as error:
        raise ConfigError(f'{path}: custom_imports = {dict(cfg.custom_imports)} failed: {_reason(error)}') from error
    return cfg


def read_data(path: Path) -> dict[str, Any]:
    """What a YAML, JSON or safetensors file says, its own keys only. Nothing in it is executed or imported.

    Raises:
        ConfigError: If it holds more than plain data, or more of it than a config has.
    """
    try:
        if path.suffix == SUFFIX:
            content = read_config_of(path)
        else:
            text = path.read_text(encoding='utf-8', errors='replace')
            content = json.loads(text) if path.suffix == '.json' else yaml.safe_load(text)
    except IBGANError:
        raise
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} can not be read: {_reason(error)}') from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f'{path} must hold keys and values, got {type(content).__name__}')
    _check_plain(path, content)
    if 'custom_imports' in content:
        raise ConfigError(f'{path}: custom_imports names code to run, so it can stand in a Python config only')
    return content


def chain(path: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The files that a config consists of, bases first. Bases that are computed, or in a package, are left to MMEngine.

    Raises:
        ConfigError: If one is no config file, is too large, or is its own base.
    """
    where = f', a base of {above[-1]}' if above else ''
    try:
        check_regular_file(path, 'config file')
    except IBGANError as error:
        raise ConfigError(str(error)) from error
    if path.suffix not in ('.py', *DATA_SUFFIXES):
        raise ConfigError(f'{path}{where} must end in .py, {", ".join(DATA_SUFFIXES)}')
    if path.suffix != SUFFIX and path.stat().st_size > MAX_BYTES:
        raise ConfigError(f'{path}{where} is larger than a config is: {path.stat().st_size:,} bytes, at most {MAX_BYTES:,}')
    if any(os.path.samefile(path, other) for other in above):
        raise ConfigError(f'{path} is its own base: {" -> ".join(map(str, (*above, path)))}')
    for base in bases(path):
        yield from chain(base, (*above, path))
    yield path


def bases(path: Path) -> list[Path]:
    """The files that a config names as its ``_base_``, or that it imports under ``read_base()``."""
    if path.suffix == '.py':
        names = _python_bases(path)
    else:
        found = read_data(path).get('_base_', [])
        names = [found] if isinstance(found, str) else found
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ConfigError(f'{path}: _base_ must be the path of a config or a list of them, got {found!r}')
    files = [Path(os.path.normpath(path.parent / name)) for name in names if '::' not in name]
    for file in files:
        if not file.exists():
            raise ConfigError(f'{path}: no base {str(file)!r}')
        if path.suffix != '.py' and file.suffix == '.py' and not any(file.resolve().is_relative_to(place) for place in SHIPPED):
            raise ConfigError(f'{path}: the base {str(file)!r} is a program, which only a Python config can name')
    return files


def _python_bases(path: Path) -> list[str]:
    """Names of the bases of a Python config, without running it."""
    try:
        nodes = ast.parse(path.read_text(encoding='utf-8', errors='replace')).body
    except SyntaxError as error:
        raise ConfigError(f'{path}, line {error.lineno}: {error.msg}') from error
    except (ValueError, RecursionError, MemoryError) as error:  # a zero byte, or brackets by the thousand
        raise ConfigError(f'{path} can not be read: {_reason(error)}') from error
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_read_base(node)]
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == '_base_':
            if imports and imports[0].lineno < node.lineno:
                raise ConfigError(f'{path}, line {imports[0].lineno}: an import above _base_; put it below')
            try:
                found = ast.literal_eval(node.value)
            except (ValueError, RecursionError, MemoryError):
                return []
            return [found] if isinstance(found, str) else [name for name in found if isinstance(name, str)]
    lines = [line for node in nodes if isinstance(node, ast.With) for line in node.body]
    return [os.path.join(*['..'] * (line.level - 1), *(line.module or '').split('.')) + '.py'
            for line in lines if isinstance(line, ast.ImportFrom) and line.level]


def _is_read_base(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == 'mmengine.config'


def _merged(path: Path) -> ConfigDict:
    """A YAML or JSON config with its bases, which may not share a key."""
    content = read_data(path)
    content.pop('_base_', None)
    below = ConfigDict()
    for base in bases(path):
        found = _merged(base) if base.suffix in DATA_SUFFIXES else ConfigDict(read_file(base).items())
        if shared := sorted(below.keys() & found.keys()):
            raise ConfigError(f'{path}: two bases have the key {shared[0]!r}')
        below.update(found)
    try:
        below.merge(content)
    except TypeError as error:
        raise ConfigError(f'{path}: {_reason(error)}') from error
    return below


def _check_plain(path: Path, content: Any) -> None:
    """Raise unless all is data of a bounded size; what YAML's aliases repeat counts each time."""
    count, waiting = 0, [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES or depth > MAX_DEPTH:
            raise ConfigError(f'{path} holds more than a config does: at most {MAX_VALUES:,} values, {MAX_DEPTH} in one another')
        if isinstance(value, dict):
            waiting += [(child, depth + 1) for child in value.values()]
        elif isinstance(value, list):
            waiting += [(child, depth + 1) for child in value]
        elif isinstance(value, str) and '{{' in value:
            raise ConfigError(f'{path}: {{{{...}}}} is understood in Python configs only, got {value!r}')
        elif not isinstance(value, (str, int, float, bool, type(None))):
            raise ConfigError(f'{path}: {value!r} is a {type(value).__name__}, put it in quotes')


def _blame(path: Path, error: BaseException) -> ConfigError:
    """The error of a config that was run: the file of its chain that raised it, and the line."""
    files = {os.path.realpath(file) for file in chain(path)}
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.realpath(frame.filename) in files]
    where = f'{os.path.normpath(places[-1].filename)}, line {places[-1].lineno}' if places else f'{path} can not be read'
    return ConfigError(f'{where}: {_reason(error)}')


def _reason(error: BaseException) -> str:
    """One line that says what an exception of somebody else means."""
    text = ' '.join(str(error).split())[:300]
    return f'{type(error).__name__}: {text}' if text else type(error).__name__
