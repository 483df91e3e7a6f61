"""``tools/test.py`` on generated images, as a user runs it."""
import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import pytest
import torch
from mmengine.config import Config

from ibgan_plugin.datasets.prepare import folder
from ibgan_plugin.datasets.store.writer import build
from ibgan_plugin.registry import MODELS
from tests.evaluation.stand_ins import pictures, save_tiny
from tests.tools.commands import environment

ROOT = Path(__file__).parents[2]
SMALL = {f'model.{name}.base_channels': 2 for name in ('generator', 'trunk', 'discriminator', 'reconstructor')}


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with 40 images as CelebA's LMDB file, the weights of a small model and an extractor."""
    place = tmp_path_factory.mktemp('place')
    (place / 'images').mkdir()
    for number, image in enumerate(pictures(40, size=64)):
        cv2.imwrite(str(place / f'images/{number:02d}.png'), image.permute(1, 2, 0).numpy())
    build(place / 'data/celeba/celeba.lmdb', folder.job(place / 'images', folder.RECIPE, name='celeba')[1])
    cfg = Config.fromfile(ROOT / 'configs/ibgan/ibgan_celeba.py')
    cfg.merge_from_dict(SMALL)
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, place / 'model.pth')
    save_tiny(place / 'tiny.pt')
    (place / 'small.py').write_text(f"""
_base_ = [{str(ROOT / 'configs/ibgan/ibgan_celeba.py')!r}]
test_cfg = dict(num_fakes=30, batch_size=10)
test_dataloader = dict(num_workers=0)
test_evaluator = dict(
    protocol='tiny', extractor=dict(_delete_=True, type='ibgan_plugin.TorchScriptExtractor', path='tiny.pt'), max_rows=20,
    scores=dict(_delete_=True, fd=dict(), kd=dict(num_subsets=3, subset_size=10, estimator='biased', seed=0)))
""")
    return place


def run(place, config, *options):
    options = [*(f'{key}={value}' for key, value in SMALL.items()), *options]
    command = [sys.executable, ROOT / 'tools/test.py', config, 'model.pth', '--work-dir', 'out', '--cfg-options', *options]
    return subprocess.run([str(part) for part in command], cwd=place, env=environment(), capture_output=True, text=True, timeout=99)


def test_table_and_files(place):
    done = run(place, 'small.py')
    assert done.returncode == 0, done.stderr[-3000:]
    table = [line.split() for line in done.stdout.splitlines() if line.startswith(('protocol ', 'tiny '))]
    assert [row[:3] for row in table] == [['protocol', 'metric', 'score'], ['tiny', 'fd', 'fd'], ['tiny', 'kd', 'kd']]
    scores = json.loads((place / 'out/scores.json').read_text())
    assert f'{scores["fd"]["fd"]["mean"]:.4f}' == table[1][3] and scores['kd']['kd']['std'] > 0
    with open(place / 'out/scores.csv') as file:
        assert [float(row['mean']) for row in csv.DictReader(file)] == [scores['fd']['fd']['mean'], scores['kd']['kd']['mean']]
    assert [path.name[:7] for path in (place / 'data/reference_statistics').iterdir()] == ['celeba_']


def test_missing_weights_are_one_clear_message(place):
    done = run(place, ROOT / 'configs/ibgan/ibgan_celeba.py', 'test_dataloader.num_workers=0')
    assert done.returncode == 2
    error, = (line for line in done.stderr.splitlines() if line.startswith('error: '))
    assert 'there is no file data/inception/pt_inception-2015-12-05-6726825d.pth' in error and 'nothing is downloaded' in error


class Broken(torch.nn.Module):
    """Features that are no numbers."""

    def forward(self, imgs: torch.Tensor) -> torch.Tensor:
        return imgs.mean((2, 3)) / 0 * 0


class Endless(torch.nn.Module):
    """A batch that never ends."""

    def forward(self, imgs: torch.Tensor) -> torch.Tensor:
        while bool(imgs.isfinite().all()):
            imgs = imgs * 0.5
        return imgs.mean((2, 3))


@pytest.mark.parametrize(('name', 'status', 'message'), [
    ('writes.pt', 2, 'writes.pt is refused: its code uses '), ('broken.pt', 2, 'features of image 0 of the batch are not finite'),
    ('endless.pt', 1, 'Timeout (0:00:02)!')])
def test_an_extractor_file_touches_no_files_ends_and_gives_numbers(place, name, status, message):
    (place / 'precious').write_text('mine')
    if name == 'writes.pt':
        with zipfile.ZipFile(place / 'tiny.pt') as good, zipfile.ZipFile(place / name, 'w') as bad:
            for member in good.infolist():
                content = good.read(member)
                if b'class Tiny' in content:
                    content += b"  def __setstate__(self, imgs: Tensor) -> None:\n    torch.save(imgs, 'precious')\n"
                bad.writestr(member.filename, content)
    else:
        torch.jit.save(torch.jit.script(Broken() if name == 'broken.pt' else Endless()), place / name)
    limit = 2 if name == 'endless.pt' else 90
    done = run(place, 'small.py', f'test_evaluator.extractor.path={name}', f'test_evaluator.extractor.time_limit={limit}')
    assert done.returncode == status and message in done.stderr
    assert (place / 'precious').read_text() == 'mine'
    if status == 2:
        assert 'Traceback' not in done.stderr
