"""The example project, run as its README says but small."""
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.apis.export import run_torchscript
from ibgan_plugin.config.check import check_config
from ibgan_plugin.datasets.dsprites.build import prepare
from ibgan_plugin.registry import SCOPE
from tests.conftest import batch
from tools import export, infer, test

EXAMPLE = Path(__file__).parents[2] / 'examples' / 'other_zoo'
CONFIG = EXAMPLE / 'configs' / 'resize_generator_dsprites.py'
AUTOENCODER = EXAMPLE / 'configs' / 'autoencoder_dsprites.py'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Three iterations of an IB-GAN with the other package's generator."""
    return train(tmp_path_factory.mktemp('other_zoo'), f"""
_base_ = [{str(CONFIG)!r}]
model = dict(generator=dict(channels=4), discriminator=dict(base_channels=2), reconstructor=dict(base_channels=2))
train_dataloader = dict(batch_size=8)
train_cfg = dict(max_iters=3)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=3))
work_dir = 'out'
""")


def train(place: Path, text: str) -> Path:
    """Run the example's own tool on a config, in a process that knows of neither package but by its path; returns the folder."""
    prepare(place / 'data/dsprites')
    (place / 'small.py').write_text(text)
    paths = f'{EXAMPLE}{os.pathsep}{EXAMPLE.parents[1]}'
    environment = {**os.environ, 'PYTHONPATH': paths, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    done = subprocess.run([sys.executable, str(EXAMPLE / 'train.py'), 'small.py'], cwd=place, env=environment, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert 'Failed to search registry' not in done.stdout + done.stderr
    return place


def test_trains_with_finite_losses(trained):
    logs, = trained.glob('out/*/vis_data/scalars.json')
    lines = [json.loads(line) for line in logs.read_text().splitlines()]
    lines = [line for line in lines if 'loss_gen' in line]
    assert [line['iter'] for line in lines] == [1, 2, 3]
    assert all(abs(line[key]) < 1e3 for line in lines for key in ('loss_disc_real', 'loss_gen', 'loss_info', 'mi_lower_bound'))
    assert list(trained.glob('out/traversal_*.png'))
    checkpoint = torch.load(trained / 'out/iter_3.pth', weights_only=True)
    assert {key.split('.')[0] for key in checkpoint['state_dict']} == {'encoder', 'generator', 'discriminator', 'reconstructor'}


def test_inferencer_and_config_check_take_the_other_packages_generator(trained, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    check_config(Config.fromfile(CONFIG))
    inferencer = IBGANInferencer(trained / 'small.py', trained / 'out/iter_3.pth')
    assert type(inferencer.model.generator).__module__ == 'other_zoo.models.resize_generator'
    assert inferencer.sample(2).shape == (2, 64, 64, 3)


@pytest.fixture(scope='module')
def autoencoder(tmp_path_factory):
    """Three iterations of the autoencoder, and two images."""
    place = tmp_path_factory.mktemp('autoencoder')
    few = dict(num_train=20, num_eval=20, batch_size=16, num_variance_estimate=200)
    return train(place, f"""
_base_ = [{str(AUTOENCODER)!r}]
model = dict(width=8)
train_dataloader = dict(batch_size=8)
train_cfg = dict(max_iters=3)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=3))
test_evaluator = dict(scores=dict(_delete_=True, factor_vae={few!r}, mig=dict(num_train=200)))
randomness = dict(seed=0)
work_dir = 'out'
""")


def call(tool, place, monkeypatch, *arguments):
    """Run one of our tools in this process."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.chdir(place)
    assert not tool.main([str(argument) for argument in arguments])


def test_an_autoencoder_trains_with_our_hooks(autoencoder):
    weights = torch.load(autoencoder / 'out/iter_3.pth', weights_only=True)['state_dict']
    assert {key.split('.')[0] for key in weights} == {'to_r', 'to_image'}
    assert list(autoencoder.glob('out/traversal_*.png')) and list(autoencoder.glob('out/samples_*.png'))


@pytest.mark.parametrize(('command', 'out', 'inputs', 'shape'), [
    ('traverse', 'traversal.png', (), None), ('sample', 'samples.png', (), None),
    ('interpolate', 'between.png', ('images/a.png', 'images/b.png'), None),
    ('encode', 'codes.npz', ('images', ), (2, 10))])
def test_infer_takes_an_autoencoder(autoencoder, monkeypatch, command, out, inputs, shape):
    (autoencoder / 'images').mkdir(exist_ok=True)
    for name, image in zip('ab', batch(2, size=64)['inputs'], strict=True):
        cv2.imwrite(str(autoencoder / f'images/{name}.png'), image[0].numpy())
    call(infer, autoencoder, monkeypatch, command, 'small.py', 'out/iter_3.pth', *inputs, '--out', out)
    if shape is None:
        assert cv2.imread(str(autoencoder / out)).std() > 0
    else:
        table = np.load(autoencoder / out)
        assert any(table[key].shape == shape and len(np.unique(table[key])) > 10 for key in table)


def test_test_scores_an_autoencoder(autoencoder, monkeypatch):
    call(test, autoencoder, monkeypatch, 'small.py', 'out/iter_3.pth', '--work-dir', 'scored')
    scores = json.loads((autoencoder / 'scored/scores.json').read_text())
    assert 0 <= scores['factor_vae']['eval_accuracy']['mean'] <= 1 and 0 <= scores['mig']['discrete_mig']['mean'] <= 1


@pytest.mark.parametrize(('part', 'shape', 'outputs'), [('generator', (3, 10), (3, 1, 64, 64)),
                                                        ('representation', (3, 1, 64, 64), (3, 10))])
def test_export_takes_an_autoencoder(autoencoder, monkeypatch, part, shape, outputs):
    options = ['--part', part, '--format', 'torchscript', '--out', 'part.pt']
    call(export, autoencoder, monkeypatch, 'small.py', 'out/iter_3.pth', *options)
    assert run_torchscript(autoencoder / 'part.pt', torch.zeros(shape))[0].shape == outputs


def test_all_of_ours_but_the_base_class_is_named_by_prefix():
    lines = {line for path in EXAMPLE.rglob('*.py') for line in path.read_text().splitlines()}
    assert {line for line in lines if line.startswith((f'import {SCOPE}', f'from {SCOPE}'))} == {
        f'from {SCOPE}.models.base import LatentModel'}
