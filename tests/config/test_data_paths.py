"""Where the current folder is not the checkout, data are found or said, through the tool that shows a config."""
from pathlib import Path

import pytest

from ibgan_plugin.config import data_paths
from ibgan_plugin.config.load import read_config

CONFIG = Path(__file__).parents[2] / 'configs/ibgan/ibgan_quick_dsprites.py'


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout that has the set, and a current folder elsewhere."""
    (tmp_path / 'checkout/data/dsprites').mkdir(parents=True)
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.setattr(data_paths, 'CHECKOUT', tmp_path / 'checkout')
    monkeypatch.chdir(tmp_path / 'elsewhere')
    monkeypatch.delenv('IBGAN_DATA_ROOT', raising=False)
    return tmp_path / 'checkout'


def roots(cfg) -> set[str]:
    return {cfg[f'{split}_dataloader'].dataset.data_root for split in ('train', 'val', 'test')}


def test_what_the_checkout_has_is_taken_from_there_with_one_message(checkout, capsys):
    assert roots(read_config(CONFIG)) == {str(checkout / 'data/dsprites')}
    said = capsys.readouterr()
    line, = said.err.splitlines()
    assert str(checkout / 'data/dsprites') in line and 'IBGAN_DATA_ROOT' in line
    assert said.out == '', 'which a program may read'


def test_what_the_current_folder_has_comes_first(checkout, capsys):
    Path('data/dsprites').mkdir(parents=True)
    assert roots(read_config(CONFIG)) == {'data/dsprites'}
    assert capsys.readouterr().err == ''


def test_a_root_of_all_sets_is_where_they_are_looked_for_and_made(checkout, monkeypatch, capsys):
    monkeypatch.setenv('IBGAN_DATA_ROOT', '/sets')
    assert roots(read_config(CONFIG)) == {'/sets/dsprites'}
    assert capsys.readouterr().err == ''


def test_what_nobody_has_stays_in_the_current_folder(checkout, capsys):
    (checkout / 'data/dsprites').rmdir()
    assert roots(read_config(CONFIG)) == {'data/dsprites'}


def test_a_place_that_was_named_is_left_alone(checkout):
    assert roots(read_config(CONFIG, {f'{split}_dataloader.dataset.data_root': '/mine' for split in ('train', 'val', 'test')})) == {
        '/mine'}
