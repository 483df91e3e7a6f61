"""Arguments of the command line that name and change a config. Importing this is cheap: ``--help`` waits for it."""
import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any

from ibgan_plugin.utils.errors import IBGANError

#: How the processes of a run were started.
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
#: Names of mixed precision on the command line, and torch's.
AMP_WRAPPERS = {'fp16': 'AmpOptimWrapper', 'bf16': 'ibgan_plugin.BFloat16OptimWrapper'}
#: Brackets in brackets that a value may have; no argument of ours has more than two.
MAX_DEPTH = 16
QUOTES = ('"', "'")
_WORDS = {'none': None, 'true': True, 'false': False}
_INTEGER = re.compile(r'[+-]?(0|[1-9][0-9]*)')
_FLOAT = re.compile(r'[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]+)?|[+-]?(inf|nan)')
_CLOSING = {'[': ']', '(': ')'}


def parse_value(text: str) -> Any:
    """The value of ``KEY=VALUE``.

    ``None``, ``true``, ``false`` (in any case), whole and decimal numbers are what they say; ``[a,b]`` is a list, and so are such
    words without brackets, ``1,2``; ``(a,b)`` is a tuple. All else is a string, every space and comma of it. In quotes, single or
    double, a value is always a string: ``'2024'``.

    Raises:
        IBGANError: If brackets or quotes do not close, or brackets are nested deeper than ``MAX_DEPTH``.

    >>> parse_value('[0.7, 1e-3, none]'), parse_value('my data'), parse_value('"2024"')
    ([0.7, 0.001, None], 'my data', '2024')
    """
    parts = _split(text)
    if len(parts) == 1:
        return _parse(text, 0)
    values = [_parse(part.strip(), 0) for part in parts]
    are_words = all(value != part.strip() for value, part in zip(values, parts, strict=True))
    return values if are_words else text


def parse_values(text: str) -> list[Any]:
    """The values of ``KEY=VALUE,VALUE``, of which brackets around them make no other: ``a,b`` and ``[a,b]`` are both two words."""
    value = parse_value(text)
    return value if isinstance(value, list) else [_parse(part.strip(), 0) for part in _split(text)]


def _parse(text: str, depth: int) -> Any:
    """A value that has no comma outside brackets and quotes."""
    if depth > MAX_DEPTH:
        raise IBGANError(f'more than {MAX_DEPTH} brackets in one another')
    word = text.strip()
    if word[:1] in _CLOSING:
        if word[-1] != _CLOSING[word[0]]:
            raise IBGANError('a bracket is not closed')
        items = [_parse(part.strip(), depth + 1) for part in _split(word[1:-1]) if part.strip()]
        return items if word[0] == '[' else tuple(items)
    if word[:1] in QUOTES and len(word) > 1 and word[-1] == word[0]:
        return word[1:-1]
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if _INTEGER.fullmatch(word):
        # Python reads no more than 4300 digits; a number that long is infinite to everything else
        return int(word) if len(word) < 400 else float(word)
    return float(word) if _FLOAT.fullmatch(word) else text


def _split(text: str) -> list[str]:
    """Parts between the commas outside brackets and quotes.

    Brackets and quotes count where an item begins alone: ``it's`` and ``/data (1)`` are words.
    """
    parts: list[str] = []
    closing: list[str] = []
    start, quote, at_begin = 0, '', True
    for i, char in enumerate(text):
        if quote:
            quote = '' if char == quote else quote
        elif char in QUOTES and at_begin:
            quote = char
        elif char in _CLOSING and (closing or at_begin):
            closing.append(_CLOSING[char])
        elif closing and char in ')]':
            if char != closing.pop():
                raise IBGANError('brackets do not match')
        elif char == ',' and not closing:
            parts.append(text[start:i])
            start = i + 1
        at_begin = char in ',[(' or (at_begin and char == ' ')
    if closing or quote:
        raise IBGANError('a bracket or a quote is not closed')
    return [*parts, text[start:]]


class ConfigOptions(argparse.Action):
    """Argparse action for ``--cfg-options KEY=VALUE ...``: collects dotted keys and their values, see :func:`parse_value`."""

    parse: Callable[[str], Any] = staticmethod(parse_value)

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: str | Sequence[Any] | None,
                 option_string: str | None = None) -> None:
        """Add keys and values to those of the option's earlier uses, which they replace; in one use each key stands once."""
        options: dict[str, Any] = {}
        for text in values or ():
            key, equals, value = text.partition('=')
            if not equals or not all(part.strip() for part in key.split('.')):
                raise argparse.ArgumentError(self, f'must be KEY=VALUE, such as train_cfg.max_iters=200, got {shorten(text)}')
            try:
                parsed = self.parse(value)
            except ValueError as error:
                raise argparse.ArgumentError(self, f'must be KEY=VALUE with balanced brackets, got {shorten(text)}: {error}; '
                                             f'a value in quotes is a string') from error
            if key.strip() in options:
                raise argparse.ArgumentError(self, f'{key.strip()} is given twice: {shorten(options[key.strip()])} and '
                                             f'{shorten(parsed)}')
            options[key.strip()] = parsed
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), **options})


class GridOptions(ConfigOptions):
    """Argparse action for ``KEY=VALUE,VALUE ...``: a list of values for each key, see :func:`parse_values`."""

    parse = staticmethod(parse_values)


def shorten(value: Any, length: int = 100) -> str:
    """``repr`` of a value, cut off where it is too long to read."""
    text = repr(value)
    return text if len(text) <= length else f'{text[:length]}... ({len(text):,} characters)'


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of all tools that read a config: ``config`` and ``--cfg-options``."""
    parser.add_argument('config', help='config file, or name of a model of the zoo')
    parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions, metavar='KEY=VALUE',
                        help='replace values of the config, e.g. train_cfg.max_iters=200; put a string that looks like a number in '
                        'quotes of its own: "work_dir=\'2024\'"')


def add_checkpoint_argument(parser: argparse.ArgumentParser) -> None:
    """The argument ``checkpoint`` of the tools that use a trained model, behind ``config``."""
    parser.add_argument('checkpoint', nargs='?', help='checkpoint file; default: the weights that come with the named model')


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """The option ``--device``."""
    parser.add_argument('--device', metavar='cpu|cuda|cuda:N', help='default: CUDA where available')


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the tools that run a config, after their own: where, with which seed, in which processes."""
    parser.add_argument('--work-dir', help='where everything is written; default: work_dirs/<config name>')
    parser.add_argument('--seed', type=int, help='seed of everything random')
    add_device_argument(parser)
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='how the processes were started')
    parser.add_argument('--print-config', action='store_true', help='print the config with all options applied, and end')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
