"""Reports of first days: options and configs (cases 10 and 14)."""
from pathlib import Path

import pytest

from ibgan_plugin.config.load import read_config
from ibgan_plugin.config.options import parse_value
from tools.analysis import get_flops

CONFIG = Path(__file__).parents[2] / 'configs/ibgan/ibgan_quick_dsprites.py'


@pytest.mark.parametrize('folder', ['my data', ' two  spaces ', 'a,b', '(1)', "it's", '{}'])
def test_10_a_folder_keeps_its_name(folder):
    options = {'train_dataloader.dataset.data_root': parse_value(f'/sets/{folder}')}
    assert read_config(CONFIG, options).train_dataloader.dataset.data_root == f'/sets/{folder}'


@pytest.mark.parametrize('word', ['2024', '1e3', 'none', '[1]'])
def test_10_in_quotes_a_word_is_a_name(word):
    assert read_config(CONFIG, {'work_dir': parse_value(f"'{word}'")}).work_dir == word


@pytest.mark.parametrize(('body', 'said'), [
    ("import os\n_base_ = ['{}']\n", 'line 1: an import above _base_; put it below'),
    ("import math\n_base_ = ['{}']\n", 'line 1: an import above _base_; put it below'),
    ("_base_ = ['{}']\nassert False, 'set the path first'\n", 'line 2: AssertionError: set the path first'),
    ("_base_ = ['{}']\nx = [][0]\n", 'line 2: IndexError'),
])
def test_14_a_config_that_fails_is_named_with_the_line(tmp_path, capsys, body, said):
    (tmp_path / 'c.py').write_text(body.format(CONFIG))
    assert get_flops.main([str(tmp_path / 'c.py')]) == 2
    error, = capsys.readouterr().err.splitlines()
    assert error.startswith(f'error: {tmp_path}/c.py, {said}')
