"""A model as one safetensors file, which every tool takes."""
import sys
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.apis.export import export_weights
from ibgan_plugin.config.load import read_config
from ibgan_plugin.engine.checkpoints import CheckpointError, load_weights
from ibgan_plugin.utils.safetensors_file import read_config_of
from tests.conftest import model_cfg
from tests.tools.commands import ROOT, run


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A config, a checkpoint of it and the exported file."""
    folder = tmp_path_factory.mktemp('weights')
    (folder / 'tiny.py').write_text(f'model = {model_cfg()!r}\n')
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(model_cfg()).state_dict()), folder / 'tiny.pth')
    run(sys.executable, ROOT / 'tools/export.py', 'tiny.py', 'tiny.pth', '--format', 'safetensors', '--out', 'tiny.safetensors',
        cwd=folder)
    return folder


def test_the_file_is_a_model(place):
    theirs = IBGANInferencer(place / 'tiny.py', place / 'tiny.pth').sample(4)
    ours = IBGANInferencer(place / 'tiny.safetensors').sample(4)
    assert np.abs(ours.astype(int) - theirs).max() <= 1, 'half precision moves a pixel by a level at most'
    with_config = IBGANInferencer(place / 'tiny.py', place / 'tiny.safetensors').sample(4)
    assert np.array_equal(ours, with_config)


def test_the_tools_take_it(place):
    run(sys.executable, ROOT / 'tools/infer.py', 'traverse', 'tiny.safetensors', '--out', 't.png', cwd=place)
    assert (place / 't.png').stat().st_size > 100


def test_it_does_not_say_where_this_machine_has_the_data_sets(place, tmp_path, monkeypatch):
    monkeypatch.setenv('IBGAN_DATA_ROOT', str(tmp_path / 'sets'))
    (tmp_path / 'mine.py').write_text((place / 'tiny.py').read_text() + """
train_dataloader = dict(dataset=dict(type='ibgan_plugin.DSprites', data_root='data/dsprites'))
test_dataloader = dict(dataset=dict(type='ibgan_plugin.DSprites', data_root='/mine/dsprites'))
""")
    config = read_config(tmp_path / 'mine.py')
    assert config.train_dataloader.dataset.data_root == str(tmp_path / 'sets/dsprites')
    export_weights(config, place / 'tiny.pth', tmp_path / 'mine.safetensors')
    written = read_config_of(tmp_path / 'mine.safetensors')
    assert [written[f'{split}_dataloader']['dataset']['data_root'] for split in ('train', 'test')] == [
        'data/dsprites', '/mine/dsprites']
    assert config.train_dataloader.dataset.data_root == str(tmp_path / 'sets/dsprites'), 'the caller keeps its own'


def test_another_models_weights_are_refused(place):
    with pytest.raises(CheckpointError, match='does not fit'):
        load_weights(torch.nn.Linear(2, 2), place / 'tiny.safetensors')


@pytest.mark.filterwarnings('error')
def test_a_model_of_another_package_says_so(tmp_path):
    class Elsewhere(MODELS.get('ibgan_plugin.VAE')):
        """As if of another package."""

    Elsewhere.__module__ = 'elsewhere.models'
    parts = dict(encoder=dict(type='ibgan_plugin.ImageEncoder'), decoder=dict(type='ibgan_plugin.ImageDecoder'))
    MODELS.register_module(name='ElsewhereVAE', module=Elsewhere)
    try:
        for name in ('ElsewhereVAE', 'ibgan_plugin.VAE'):
            config = Config(dict(model=dict(type=name, **parts), optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-3))))
            torch.save(MODELS.build(config.model).state_dict(), tmp_path / 'it.pth')
            is_ours = name == 'ibgan_plugin.VAE'
            with nullcontext() if is_ours else pytest.warns(UserWarning, match='has a model or parts of elsewhere: '):
                export_weights(config, tmp_path / 'it.pth', tmp_path / 'it.safetensors')
    finally:
        MODELS.module_dict.pop('ElsewhereVAE')


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--format', 'safetensors', '--out', 'x.pth'], 'must end in .safetensors'),
    (['--format', 'safetensors', '--part', 'generator', '--out', 'x.safetensors'], 'leave --part generator out'),
    (['--format', 'torchscript', '--out', 'x.pt'], 'name it by --part'),
])
def test_what_can_not_be_asked_for(place, arguments, message):
    done = run(sys.executable, ROOT / 'tools/export.py', 'tiny.py', 'tiny.pth', *arguments, cwd=place, check=False)
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (place / 'x.pth').exists()
