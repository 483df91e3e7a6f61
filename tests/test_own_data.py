"""docs/own_data.md: its commands, run as they stand there, on 300 images with two categorical factors and a continuous one."""
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.codec import encode

ROOT = Path(__file__).parents[1]
DOC = (ROOT / 'docs' / 'own_data.md').read_text()
COLORS = dict(red=(1, 0, 0), green=(0, 1, 0), blue=(0, 0, 1))


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with ``photos`` and ``factors.csv``, after the four commands, and what they printed."""
    place = tmp_path_factory.mktemp('own')
    rng, rows = np.random.default_rng(0), []
    for number in range(300):
        colour, side, brightness = rng.choice(list(COLORS)), rng.choice(['left', 'right']), rng.uniform(0.2, 1)
        image = np.zeros((48, 64, 3), dtype=np.uint8)
        left = 12 if side == 'left' else 36
        image[16:32, left:left + 16] = np.array(COLORS[colour]) * 255 * brightness
        name = f'{"ab"[number % 2]}/{number:04d}.png'
        (place / 'photos' / name).parent.mkdir(parents=True, exist_ok=True)
        (place / 'photos' / name).write_bytes(encode(image, 'png'))
        rows.append(f'{name},{colour},{side},{brightness:.4f}')
    (place / 'factors.csv').write_text('\n'.join(['file,colour,side,brightness', *rows[::-1], 'a/gone.png,red,left,0.5']) + '\n')
    commands = re.findall(r'^   (python tools/.*)$', DOC, re.MULTILINE)
    assert len(commands) == 4
    output = []
    for command in commands:
        words = [str(ROOT / word) if word.startswith(('tools/', 'configs/')) else word for word in shlex.split(command)]
        done = subprocess.run([sys.executable, *words[1:]], cwd=place, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        output.append(done.stdout + done.stderr)
    return place, output


def test_preparation_says_what_it_found(place):
    folder, (text, *_) = place
    assert 'factors: colour (3 classes, categorical), side (2 classes, categorical), brightness (' in text
    assert 'values, continuous); not every combination once: no grid' in text
    assert '1 row without an image (a/gone.png (in factors.csv))' in text
    data = LMDBImages(folder / 'data/photos/photos.lmdb')
    assert len(data) == 300 and not data.metainfo['is_grid'] and data.factors.shape == (300, 3)
    brightness = data[7]['inputs'].max().item() / 255  # the channel with the colour
    assert brightness == pytest.approx(data.factors[7, 2], abs=0.1)
    assert data[7]['inputs'].amax((1, 2)).argmax().item() == {0: 2, 1: 1, 2: 0}[int(data.factors[7, 0])]  # blue, green, red


def test_the_model_is_scored_and_what_is_skipped_is_said(place):
    folder, (_, _, text, _) = place
    found = list((folder / 'work_dirs').rglob('scores.json'))
    assert found
    scores = json.dumps(json.loads(found[0].read_text()))
    for metric in ('mig', 'dci', 'sap', 'modularity_explicitness'):
        assert metric in scores
    assert 'factor_vae/' not in scores
    assert re.search(r"factor_vae is skipped: it fixes factors .* needs codes of the whole grid: factor 'brightness' is continuous",
                     text)


def test_the_report_says_which_code_tells_what_of_factors_that_are_no_grid(place):
    page = (place[0] / 'photos.html').read_text()
    assert 'Mutual information of codes and factors' in page and 'brightness' in page
    assert 'does not hold all the combinations' not in page


def test_a_traversal_names_factors_that_are_no_grid(place):
    folder = place[0]
    done = subprocess.run([sys.executable, str(ROOT / 'tools/infer.py'), 'traverse', 'work_dirs/photos/ibgan_folder.py',
                           'work_dirs/photos/iter_60.pth', '--factors', '--out', 'rows.png'], cwd=folder, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / 'rows.png').stat().st_size > 1000


def test_saved_codes_keep_the_names_of_factors(place):
    folder = place[0]
    done = subprocess.run([sys.executable, str(ROOT / 'tools/test.py'), 'work_dirs/photos/ibgan_folder.py',
                           'work_dirs/photos/iter_60.pth', '--metrics', 'mig', '--save-codes', 'codes.npz',
                           '--work-dir', 'work_dirs/photos'], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert np.load(folder / 'codes.npz')['factor_names'].tolist() == ['colour', 'side', 'brightness']


def test_without_a_table_images_are_compared(place):
    config = re.search(r'```\n# photos_images.py\n(.*?)```', DOC, re.DOTALL)[1]
    command = re.search(r'^python (tools/test.py photos_images.py .*)$', DOC, re.MULTILINE)[1]
    (place[0] / 'photos_images.py').write_text(config.replace('configs/', f'{ROOT}/configs/'))
    words = [*command.replace('tools/', f'{ROOT}/tools/').split(), '--cfg-options', 'test_cfg.num_fakes=50']
    done = subprocess.run([sys.executable, *words], cwd=place[0], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '50 generated and 300 real images; features of ThumbnailExtractor' in done.stdout


def test_the_table_and_the_code_of_the_page(place, monkeypatch):
    monkeypatch.chdir(place[0])
    code = re.findall(r'```python\n(.*?)```', DOC, re.DOTALL)
    assert code
    exec(compile(code[0], 'own_data.md', 'exec'), {})
