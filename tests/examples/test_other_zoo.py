"""The example project, run as its README says but small."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.config.check import check_config
from ibgan_plugin.datasets.dsprites.build import prepare
from ibgan_plugin.registry import SCOPE

EXAMPLE = Path(__file__).parents[2] / 'examples' / 'other_zoo'
CONFIG = EXAMPLE / 'configs' / 'resize_generator_dsprites.py'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Three iterations in a process that knows of neither package but by its path."""
    place = tmp_path_factory.mktemp('other_zoo')
    prepare(place / 'data/dsprites')
    (place / 'small.py').write_text(f"""
_base_ = [{str(CONFIG)!r}]
model = dict(generator=dict(channels=4), discriminator=dict(base_channels=2), reconstructor=dict(base_channels=2))
train_dataloader = dict(batch_size=8)
train_cfg = dict(max_iters=3)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=3))
work_dir = 'out'
""")
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


def test_everything_of_ours_is_named_by_prefix():
    text = '\n'.join(path.read_text() for path in EXAMPLE.rglob('*.py'))
    assert f'import {SCOPE}' not in text and f'from {SCOPE}' not in text
