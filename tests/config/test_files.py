"""Config files: what is run, what is read, and what is neither."""
import json
import os
from pathlib import Path

import pytest

from ibgan_plugin.config.check import ConfigError
from ibgan_plugin.config.files import read_data, read_file
from ibgan_plugin.config.load import read_config

SHIPPED = Path(__file__).parents[2] / 'configs/ibgan/ibgan_quick_dsprites.py'


def refused(path, message):
    with pytest.raises(ConfigError, match=message) as error:
        read_config(path)
    assert '\n' not in str(error.value) and str(path.parent) in str(error.value)


@pytest.mark.parametrize(('content', 'message'), [
    ('model = dict(', r"c\.py, line 1: '\(' was never closed"),
    ('a = 1\nb = c\n', r"c\.py, line 2: NameError: name 'c' is not defined"),
    ('a = [][0]', r'c\.py, line 1: IndexError: '),
    ("a = 1\nassert a == 2, 'set the path first'", r'c\.py, line 2: AssertionError: set the path first'),
    ('import sys\nsys.exit(3)', r'c\.py, line 2: SystemExit: 3'),
    ('def f():\n    raise KeyError("x")\nf()', r"c\.py, line 2: KeyError: 'x'"),
    ("_base_ = ['./missing.py']", r"c\.py: no base '.*missing\.py'"),
    ("import os\n_base_ = ['./b.py']", r'c\.py, line 1: an import above _base_; put it below'),
    ("from os import path\n_base_ = './b.py'", r'c\.py, line 1: an import above _base_; put it below'),
    ("custom_imports = dict(imports=['no_such_package'])", r'c\.py: custom_imports = .* failed: ImportError: .*no_such_package'),
    ("custom_imports = dict(packages=['os'])", r'c\.py: custom_imports = .* failed: TypeError'),
    ('a = ' + '[' * 3000 + ']' * 3000, r'c\.py, line 1: too many nested parentheses'),
    ("_base_ = './c.py'", r'c\.py is its own base: .*c\.py -> .*c\.py'),
    ("_base_ = ['./d.py']", r'c\.py is its own base: .*c\.py -> .*d\.py -> .*c\.py'),
    ("_base_ = './failing.py'", r"failing\.py, line 1: ZeroDivisionError"),
    ("_base_ = './b.txt'", r"b\.txt, a base of .*c\.py must end in \.py, \.yaml, \.yml, \.json"),
    ('#' * (1 << 21), r'c\.py is larger than a config is: 2,097,152 bytes'),
    ('a = 1\0', r'c\.py'),
])
def test_what_a_python_config_does_wrong_has_a_file_and_a_line(tmp_path, content, message):
    (tmp_path / 'b.py').write_text('x = 1\n')
    (tmp_path / 'b.txt').write_text('x = 1\n')
    (tmp_path / 'd.py').write_text("_base_ = ['./c.py']\n")
    (tmp_path / 'failing.py').write_text('x = 1 / 0\n')
    (tmp_path / 'c.py').write_text(content)
    refused(tmp_path / 'c.py', message)


def test_imports_below_the_base_work(tmp_path):
    (tmp_path / 'c.py').write_text(f"_base_ = [{str(SHIPPED)!r}]\nimport math\nbeta = math.sqrt(4)\n")
    assert read_file(tmp_path / 'c.py').beta == 2.0


def test_a_base_under_read_base_may_not_be_its_own_base(tmp_path):
    for name, other in (('a', 'b'), ('b', 'a')):
        lines = ['from mmengine.config import read_base', 'with read_base():', f'    from .{other} import *']
        (tmp_path / f'{name}.py').write_text('\n'.join(lines))
    refused(tmp_path / 'a.py', r'a\.py is its own base: .*a\.py -> .*b\.py -> .*a\.py')


MARK = "open('{}', 'w')"
NESTED = '[' * 3000 + ']' * 3000
BOMB = '\n'.join(['a0: &a0 [x,x,x,x,x,x,x,x,x,x]', *(f'a{i}: &a{i} [' + ','.join([f'*a{i - 1}'] * 10) + ']' for i in range(1, 12))])


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('c.yaml', "x: !!python/object/apply:os.system ['touch MARKER']", 'can not be read: ConstructorError: .*python/object/apply'),
    ('c.yml', "x: !!python/object/new:subprocess.Popen [[touch, MARKER]]", 'can not be read: ConstructorError'),
    ('c.yaml', 'x: !!python/name:os.system', 'can not be read: ConstructorError'),
    ('c.yaml', 'custom_imports: {imports: [evil_module]}', 'custom_imports names code to run'),
    ('c.json', '{"custom_imports": {"imports": ["evil_module"]}}', 'custom_imports names code to run'),
    ('c.yaml', 'model: {type: os.system, command: touch MARKER}', "model.type = 'os.system' is not registered"),
    ('c.json', '{"model": {"type": "subprocess.call", "args": ["touch", "MARKER"]}}', "model.type = 'subprocess.call' is not reg"),
    ('c.yaml', 'default_scope: evil_module', "default_scope = 'evil_module' is no scope"),
    ('c.yaml', '_base_: evil_module.py', "the base '.*evil_module.py' is a program, which only a Python config can name"),
    ('c.yaml', '_base_: [d.yaml]', 'ConstructorError'),
    ('c.py', "_base_ = ['./d.yaml']", 'ConstructorError'),
    ('c.py', "_base_ = ['./e.yaml']", "e.yaml: model.type = 'os.system' is not registered"),
    ('c.yaml', 'test_evaluator: {extractor: {config: evil_module.py}}', "extractor.config = 'evil_module.py' is a program"),
    ('c.yaml', 'x: "{{ $NOTHING:1 }}"', 'is understood in Python configs only'),
    ('c.yaml', f'x: {NESTED}', 'can not be read: RecursionError'),
    ('c.json', f'{{"x": {NESTED}}}', 'can not be read: RecursionError|holds more than a config does'),  # as Python 3.12 reads it
    ('c.yaml', BOMB, 'holds more than a config does'),
    ('c.yaml', '_base_: c.yaml', r'is its own base'),
    ('c.yaml', '- 1', 'must hold keys and values, got list'),
    ('c.yaml', 'x: 2024-01-01', 'is a date, put it in quotes'),
    ('c.json', '{"x": ', 'can not be read: JSONDecodeError'),
    ('c.yaml', '_base_: 3', '_base_ must be the path of a config'),
])
def test_a_config_of_data_runs_nothing(tmp_path, monkeypatch, name, content, message):
    marker = tmp_path / 'marker'
    (tmp_path / 'evil_module.py').write_text(MARK.format(marker))
    (tmp_path / 'd.yaml').write_text(f"x: !!python/object/apply:os.system ['touch {marker}']")
    (tmp_path / 'e.yaml').write_text(f'model: {{type: os.system, command: touch {marker}}}')
    (tmp_path / name).write_text(content.replace('MARKER', str(marker)))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    refused(tmp_path / name, message)
    assert not marker.exists()


def test_data_over_a_shipped_config(tmp_path):
    (tmp_path / 'a.yaml').write_text(f'_base_: {SHIPPED}\nmodel: {{kl_loss: {{beta: 0.25}}}}\n')
    (tmp_path / 'b.json').write_text(json.dumps(dict(_base_='a.yaml', train_cfg=dict(max_iters=7), extra=[1, None, 'x'])))
    cfg, shipped = read_config(tmp_path / 'b.json'), read_config(SHIPPED)
    assert (cfg.model.kl_loss.beta, cfg.train_cfg.max_iters, cfg.extra) == (0.25, 7, [1, None, 'x'])
    assert cfg.model.generator == shipped.model.generator
    (tmp_path / 'c.yaml').write_text('_base_: [a.yaml, a.yaml]')
    refused(tmp_path / 'c.yaml', 'two bases have the key')


def test_keys_are_words(tmp_path):
    (tmp_path / 'c.yaml').write_text('1: 2')
    with pytest.raises(ConfigError, match='must hold keys and values'):
        read_data(tmp_path / 'c.yaml')


def test_a_config_is_a_file(tmp_path):
    os.mkfifo(tmp_path / 'c.py')
    refused(tmp_path / 'c.py', r"config file '.*c\.py' is no regular file")
    refused(tmp_path / 'd.py', r"no config file '.*d\.py'")
