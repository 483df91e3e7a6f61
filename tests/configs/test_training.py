"""Every config of the VAE family and of InfoGAN-CR in earnest: 200 iterations, a kill on the way, the study's scores."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from ibgan_plugin.config.load import read_config

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
CONFIGS = sorted(path for folder in ('vae', 'infogan_cr') for path in (ROOT / 'configs' / folder).glob('*.py'))
ITERATIONS, SAVED, BATCH = 200, 100, 16
#: A small data set with three factors, in the place of those that a machine may not have.
DATA = """
import numpy as np
import torch
from mmengine.registry import DATASETS
from torch.utils.data import Dataset

SIZES = (8, 8, 6)


@DATASETS.register_module()
class Squares(Dataset):
    def __init__(self, channels: int) -> None:
        self.factors = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), 1)
        self.channels = channels
        self.metainfo = dict(factor_names=('x', 'y', 'size'), factor_sizes=SIZES, is_grid=True)

    def __len__(self):
        return len(self.factors)

    def __getitem__(self, index):
        x, y, size = (int(value) for value in self.factors[index])
        image = torch.zeros(self.channels, 64, 64, dtype=torch.uint8)
        image[:, 6 * y:6 * y + 6 + 2 * size, 6 * x:6 * x + 6 + 2 * size] = 255
        return dict(inputs=image, data_samples=dict(sample_idx=int(index)))
"""
LEAF = """
_base_ = ['{base}']
custom_imports = dict(imports=['squares'])
_data = dict(type='Squares', channels={channels})
train_dataloader = dict(batch_size={batch}, dataset=dict(_delete_=True, type='Squares', channels={channels}),
                        collate_fn=dict(type='default_collate'))
test_dataloader = dict(batch_size=64, dataset=dict(_delete_=True, type='Squares', channels={channels}),
                       collate_fn=dict(type='default_collate'))
val_dataloader = val_cfg = val_evaluator = None
train_cfg = dict(max_iters={iterations})
default_hooks = dict(checkpoint=dict(interval={saved}, max_keep_ckpts=-1), logger=dict(interval=10), traversal=None)
"""


def tool(name, folder, *args, **kwargs):
    """A tool of ours, in a process of its own."""
    env = {**os.environ, 'PYTHONPATH': f'{ROOT}{os.pathsep}{folder}', 'OMP_NUM_THREADS': '1'}
    return subprocess.Popen([sys.executable, f'tools/{name}.py', *map(str, args)], cwd=ROOT, env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs)


def finished(process):
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output[-3000:]
    return output


@pytest.fixture(params=CONFIGS, ids=lambda path: path.stem)
def leaf(request, tmp_path):
    """A config with the small data set."""
    cfg = read_config(request.param)
    channels = cfg.get('image_channels', 1)
    (tmp_path / 'squares.py').write_text(DATA)
    path = tmp_path / 'leaf.py'
    path.write_text(LEAF.format(base=request.param, channels=channels, batch=BATCH, iterations=ITERATIONS, saved=SAVED).replace(
        f"_data = dict(type='Squares', channels={channels})\n", ''))
    return path


def learnt_loss(rows):
    """What the method learns to lower: the reconstruction, or q's error."""
    name = 'loss_reconstruction' if 'loss_reconstruction' in rows[-1] else 'loss_info'
    return [row[name] for row in rows if name in row]


def test_it_learns_goes_on_after_a_kill_and_is_scored(leaf, tmp_path):
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    finished(tool('train', tmp_path, leaf, '--work-dir', whole))
    rows = [json.loads(line) for path in whole.glob('*/vis_data/scalars.json') for line in path.read_text().splitlines()]
    losses = learnt_loss([row for row in rows if 'iter' in row])
    assert sum(losses[-3:]) < sum(losses[:3]), losses

    process = tool('train', tmp_path, leaf, '--work-dir', killed, start_new_session=True)
    until = time.time() + 600
    while not (killed / f'iter_{SAVED}.pth').exists() and time.time() < until:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (killed / f'iter_{ITERATIONS}.pth').exists()
    finished(tool('train', tmp_path, leaf, '--work-dir', killed, '--resume'))
    one, other = (torch.load(path / f'iter_{ITERATIONS}.pth', weights_only=True)['state_dict'] for path in (whole, killed))
    assert all(torch.equal(one[name], other[name]) for name in one)

    finished(tool('test', tmp_path, leaf, whole / f'iter_{ITERATIONS}.pth', '--work-dir', tmp_path / 'scores'))
    scores = json.loads(next((tmp_path / 'scores').rglob('scores.json')).read_text())
    assert 'study' in json.dumps(scores)
