import pytest

from ibgan_plugin.config import zoo
from ibgan_plugin.config.load import read_config
from ibgan_plugin.utils.errors import IBGANError


def test_every_model_has_its_config_and_its_weights():
    entries = zoo.entries()
    assert {'ibgan_dsprites', 'ibgan_celeba'} <= set(entries)
    for entry in entries.values():
        assert entry.config.is_file() and entry.config.stem == entry.name
        if entry.weights:
            assert entry.weights.stat().st_size <= 600_000


def test_a_config_by_its_name():
    assert read_config('ibgan_dsprites', {'model.kl_loss.beta': 0.3}).model.kl_loss.beta == 0.3


def test_an_unknown_name_lists_the_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IBGANError, match=r"no model of that name: known are .*ibgan_celeba, .*ibgan_dsprites"):
        read_config('ibgan_dsprite')


@pytest.mark.parametrize('config', ['a.py', 'configs/a', './a'])
def test_paths_are_no_names(config):
    assert not zoo.is_name(config)


def test_a_file_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'ibgan_dsprites').write_text('')
    assert not zoo.is_name('ibgan_dsprites')


def test_weights_that_come_with_a_model(tmp_path, monkeypatch):
    (tmp_path / 'model-index.yml').write_text('Import: [meta.yml]\n')
    (tmp_path / 'meta.yml').write_text('Models:\n  - {Name: one, Config: c/one.py, Weights: ibgan_plugin/weights/one.safetensors}\n'
                                       '  - {Name: two, Config: c/two.py}\n')
    monkeypatch.setattr(zoo, 'ZOO', tmp_path)
    assert zoo.weights_of('one') == str(zoo.PACKAGE / 'weights' / 'one.safetensors')
    assert zoo.weights_of('one', 'mine.pth') == 'mine.pth' and zoo.weights_of('x.safetensors') == 'x.safetensors'
    (tmp_path / 'config.py').write_text('')
    for config in ('two', tmp_path / 'config.py'):
        with pytest.raises(IBGANError, match='comes without weights: name a checkpoint too; models with weights: one'):
            zoo.weights_of(config)
    for config in ('ibgan_fast_dsprites.py', ''):
        with pytest.raises(IBGANError, match='config file'):
            zoo.weights_of(config)
