"""``tools/infer.py`` as a user runs it: a shipped config with small networks."""
import csv
import resource
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from ibgan_plugin.registry import MODELS
from tests.conftest import batch
from tests.tools.test_train import run
from tools import infer

ROOT = Path(__file__).parents[2]
SMALL = {f'model.{name}.base_channels': 2 for name in ('generator', 'discriminator', 'reconstructor')}


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A small config, its checkpoint, and two images."""
    place = tmp_path_factory.mktemp('place')
    cfg = Config.fromfile(ROOT / 'configs/ibgan/ibgan_dsprites.py')
    cfg.merge_from_dict(SMALL)
    cfg.dump(place / 'small.py')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for weight in model.encoder.parameters():
        weight.data *= 5
    with torch.no_grad():  # as after some training: unlike images get unlike codes, and these unlike images
        for _ in range(30):
            model.generator.train()(torch.randn(64, 10))
            model.reconstructor.train()(torch.rand(8, 1, 64, 64).round() * 2 - 1)
    torch.save(dict(state_dict=model.state_dict()), place / 'iter_1.pth')
    (place / 'images').mkdir()
    for name, image in zip('ab', batch(2, size=64)['inputs'], strict=True):
        cv2.imwrite(str(place / f'images/{name}.png'), image[0].numpy())
    return place


@pytest.fixture
def call(place, monkeypatch):
    """Run a command in this process."""
    def call(command, out, *options):
        monkeypatch.chdir(place)
        status = infer.main([command, 'small.py', 'iter_1.pth', *map(str, options), '--out', out])
        return place / out if status == 0 else status
    return call


def processor_time() -> float:
    """Seconds of ended child processes: unlike the clock's, they do not depend on what else runs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_a_process_draws_samples_in_under_ten_seconds(place):
    start = processor_time()
    done = run(sys.executable, ROOT / 'tools/infer.py', 'sample', 'small.py', 'iter_1.pth', '--out', 'out/samples.png', '--num', 6,
               '--columns', 3, cwd=place)
    assert processor_time() - start < 10
    assert done.stdout == 'out/samples.png\n'
    assert cv2.imread(str(place / 'out/samples.png')).shape == (2 * 66 + 2, 3 * 66 + 2, 3)


def test_traversal(call):
    assert cv2.imread(str(call('traverse', 'traversal.png', '--steps', 3))).shape == (10 * 68, 72 + 3 * 66 + 2, 3)
    with Image.open(call('traverse', 'traversal.gif', '--steps', 4, '--image', 'images/a.png')) as gif:
        assert (gif.n_frames, gif.size) == (6, (10 * 66 + 2, 68))


def test_encode(call):
    table = np.load(call('encode', 'codes.npz', 'images'))
    assert table['names'].tolist() == ['images/a.png', 'images/b.png'] and table['codes'].shape == (2, 10)
    with open(call('encode', 'codes.csv', 'images/b.png', 'images/a.png')) as file:
        rows = list(csv.DictReader(file))
    assert [row['image'] for row in rows] == ['images/b.png', 'images/a.png']
    np.testing.assert_allclose([float(rows[1][f'r{dim}']) for dim in range(10)], table['codes'][0], atol=1e-6)


def test_interpolate_and_swap(call):
    pair = ('images/a.png', 'images/b.png')
    assert cv2.imread(str(call('interpolate', 'between.png', *pair, '--steps', 4))).shape == (68, 4 * 66 + 2, 3)
    with Image.open(call('interpolate', 'between.gif', *pair, '--steps', 4)) as gif:
        assert (gif.n_frames, gif.size) == (6, (64, 64))
    assert cv2.imread(str(call('swap', 'swap.png', *pair, '--dims', 0, 3))).shape == (134, 134, 3)


@pytest.mark.parametrize(('arguments', 'message'), [
    (('sample', 'x.jpg'), "the output file must end in .png, got 'x.jpg'"),
    (('encode', 'x.png', 'images'), "must end in .npz or .csv, got 'x.png'"),
    (('encode', 'x.csv', 'no_such.png'), "No such file or directory: 'no_such.png'"),
    (('swap', 'x.png', 'images/a.png', 'images/b.png', '--dims', 10), 'dims must name dimensions of r, 0 to 9, got [10]'),
    (('sample', 'x.png', '--cfg-options', 'model.generator.base_channels=3'), "iter_1.pth does not fit the config: 'generator."),
    (('sample', 'x.png', '--device', 'gpu'), "device 'gpu' can not be used: "),
])
def test_bad_input_ends_in_one_line(call, capsys, arguments, message):
    assert call(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith('error: ') and error.count('\n') == 1
