"""Real CelebA faces and 3D Chairs through conversion, loading, ten training steps, pictures and an FD, with the tools alone."""
import csv
import json
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.tools.commands import ROOT, run, scalars

REAL = ROOT / '../shared/data'
#: The published width makes a checkpoint of 650 MB.
NARROW = [f'model.{name}.base_channels=8' for name in ('generator', 'trunk', 'discriminator', 'reconstructor')]


@pytest.fixture
def celeba(tmp_path):
    """The first 200 of the half-size faces, under the official names."""
    if not (REAL / 'celeba_half_4000.zip').exists():
        pytest.skip('no real images: ../shared/data/celeba_half_4000.zip is not there')
    with zipfile.ZipFile(REAL / 'celeba_half_4000.zip') as archive:
        archive.extractall(tmp_path / 'data' / 'celeba', sorted(n for n in archive.namelist() if n.endswith('.jpg'))[:200])
    return ['celeba', '--partial', '--crop', '74x74']


@pytest.fixture
def chairs(tmp_path):
    """100 renders, under names of the official form."""
    if not (REAL / 'chairs_real_100.npz').exists():
        pytest.skip('no real images: ../shared/data/chairs_real_100.npz is not there')
    folder = tmp_path / 'data' / '3dchairs' / 'rendered_chairs' / 'model' / 'renders'
    folder.mkdir(parents=True)
    for i, image in enumerate(np.load(REAL / 'chairs_real_100.npz', allow_pickle=False)['imgs']):
        cv2.imwrite(str(folder / f'image_{i:03d}_p020_t{i:03d}_r096.png'), image)
    return ['3dchairs', '--partial']


@pytest.mark.parametrize(('config', 'data'), [('ibgan_celeba', 'celeba'), ('ibgan_3dchairs', 'chairs')])
def test_ten_steps_on_real_images(config, data, request, tmp_path):
    arguments = request.getfixturevalue(data)
    run(sys.executable, ROOT / 'tools/prepare_data.py', *arguments, cwd=tmp_path)
    run(sys.executable, ROOT / 'tools/train.py', ROOT / f'configs/ibgan/{config}.py', '--cfg-options', 'train_cfg.max_iters=10',
        'train_dataloader.batch_size=4', 'train_dataloader.num_workers=1', 'default_hooks.logger.interval=5',
        'default_hooks.checkpoint.interval=10', 'val_cfg.num_fakes=60', *NARROW, cwd=tmp_path)
    work_dir = tmp_path / 'work_dirs' / config
    assert (work_dir / 'iter_10.pth').is_file()
    picture = cv2.imread(str(work_dir / 'traversal_0000010.png'))
    assert picture.shape[0] == (15 if config == 'ibgan_celeba' else 10) * 66 + 42, 'a title, a row a dimension, and the range'
    losses = [line for line in scalars(work_dir) if 'loss_gen' in line]
    assert [line['iter'] for line in losses] == [5, 10]
    assert np.isfinite([line[key] for line in losses for key in line if 'loss' in key]).all(), json.dumps(losses)
    score, = (line['fd/fd'] for line in scalars(work_dir) if 'fd/fd' in line)
    assert 0 < score < np.inf, 'a training ends with a score, by thumbnails where there is no network'
    log, = work_dir.glob('*/*.log')
    assert 'Images are compared as thumbnails of 8x8 pixels, since there is no data/inception/' in log.read_text()
    run(sys.executable, ROOT / 'tools/browse_dataset.py', ROOT / f'configs/ibgan/{config}.py', '--count', 16, '--out',
        tmp_path / 'sheet.png', cwd=tmp_path)
    assert cv2.imread(str(Path(tmp_path, 'sheet.png'))).std() > 20
    assert 0 < frechet_distance(config, tmp_path) < np.inf


def frechet_distance(config, tmp_path):
    """The FD that ``tools/test.py`` gives for the checkpoint, over a network that lies on the disk."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5, stride=4), torch.nn.ReLU(), torch.nn.Flatten(),
                                  torch.nn.Linear(8 * 15 * 15, 16))
    torch.jit.script(network).save(str(tmp_path / 'extractor.pt'))
    (tmp_path / 'fd.py').write_text(f"""
_base_ = ['{ROOT / 'configs/ibgan' / config}.py']
test_cfg = dict(num_fakes=60, batch_size=20)
test_evaluator = dict(
    protocol=None, scores=dict(_delete_=True, fd=dict()), cache_dir=None,
    extractor=dict(_delete_=True, type='ibgan_plugin.TorchScriptExtractor', path='extractor.pt', image_size=64, mean=127.5,
                   std=127.5))
""")
    run(sys.executable, ROOT / 'tools/test.py', 'fd.py', f'work_dirs/{config}/iter_10.pth', '--work-dir', 'fd', '--cfg-options',
        'test_dataloader.num_workers=0', *NARROW, cwd=tmp_path)
    (row, ) = csv.DictReader((tmp_path / 'fd' / 'scores.csv').open())
    return float(row['mean'])
