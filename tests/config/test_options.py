"""``--cfg-options KEY=VALUE``."""
import argparse
import math

import pytest

from ibgan_plugin.config.options import add_config_arguments, add_run_arguments, parse_value, parse_values


@pytest.mark.parametrize(('text', 'value'), [
    ('3', 3), ('-3', -3), ('0.5', 0.5), ('.5', 0.5), ('1e3', 1000.0), ('1e99', 1e99), ('None', None), ('none', None),
    ('True', True), ('false', False), ('[1,2]', [1, 2]), ('(0.7, 1.2)', (0.7, 1.2)), ('1,2', [1, 2]),
    ('[[1,2],(3,)]', [[1, 2], (3,)]), ('[]', []),
    ('[a, none]', ['a', None]), ("['a,b', \"c]\"]", ['a,b', 'c]']), ("'a','b'", ['a', 'b']),
])
def test_words_numbers_and_lists(text, value):
    parsed = parse_value(text)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize('text', [
    'my data', '  two  spaces  ', '/a (1)/b', "it's", 'runs, new', 'a,b', 'iter_{}.pth', '{}', '1_000', '007', '1.2.3',
    '2024-01-01', '', 'x=y', 'data\\new', '\uff11\uff12', 'tab\tand\nline', 'nones', '0x10', 'a[0]',
])
def test_all_else_is_a_string_verbatim(text):
    assert parse_value(text) == text
    assert parse_value(f'[{text!r},1]')[1] == 1


@pytest.mark.parametrize('text', ['2024', '1e3', 'none', 'true', '[1,2]', 'a,b', ' x ', '[', "it's", ''])
def test_in_quotes_a_value_is_a_string(text):
    assert parse_value(f'"{text}"') == text


@pytest.mark.parametrize(('text', 'values'), [
    ('0.07,0.141', [0.07, 0.141]), ('a,b', ['a', 'b']), ('[a,b]', ['a', 'b']), ('a', ['a']), ('3', [3]),
    ('(1,2),(3,4)', [(1, 2), (3, 4)]),
])
def test_values_to_try(text, values):
    assert parse_values(text) == values


def test_a_number_of_thousands_of_digits_is_infinite():
    assert parse_value('9' * 5000) == math.inf


@pytest.mark.parametrize('text', ['(0.7,1.2', '[1', '(1]', '[a)', '"abc', '[' * 3000 + ']' * 3000, '(' * 100_000])
def test_what_does_not_close_or_is_too_deep(text):
    with pytest.raises(ValueError, match=r'bracket|quote'):
        parse_value(text)


def parse(*arguments):
    parser = argparse.ArgumentParser()
    add_config_arguments(parser)
    add_run_arguments(parser)
    return parser.parse_args(['config.py', *arguments])


def test_options_add_up():
    args = parse('--cfg-options', 'a.b=1', 'c= x ', '--seed', '3', '--cfg-options', 'a.b=2', "d='1'")
    assert args.cfg_options == {'a.b': 2, 'c': ' x ', 'd': '1'}
    assert (args.config, args.seed, args.launcher, args.print_config) == ('config.py', 3, 'none', False)


def test_a_key_stands_once_in_one_use(capsys):
    with pytest.raises(SystemExit):
        parse('--cfg-options', 'a.b=1', 'c=3', 'a.b=2')
    assert '--cfg-options: a.b is given twice: 1 and 2' in capsys.readouterr().err


@pytest.mark.parametrize('option', ['train_cfg.max_iters', '=1', 'a..b=1', '.a=1', 'a=(1', 'a=' + '[' * 5000])
def test_mistakes_end_in_one_line(option, capsys):
    with pytest.raises(SystemExit) as stop:
        parse('--cfg-options', option)
    assert stop.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert '--cfg-options: must be KEY=VALUE' in line and len(line) < 300
