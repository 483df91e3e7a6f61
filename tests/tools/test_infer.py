"""``tools/infer.py`` as a user runs it: a shipped config with small networks."""
import csv
import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from ibgan_plugin.registry import MODELS
from ibgan_plugin.visualization.text import text_height, text_size
from tests.conftest import batch
from tests.tools.commands import SMALL_NETWORKS, run
from tools import infer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A small config, its checkpoint, and two images."""
    place = tmp_path_factory.mktemp('place')
    cfg = Config.fromfile(ROOT / 'configs/ibgan/ibgan_dsprites.py')
    cfg.merge_from_dict(SMALL_NETWORKS)
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
    call.place = place
    return call


def test_a_process_draws_samples(place):
    done = run(sys.executable, ROOT / 'tools/infer.py', 'sample', 'small.py', 'iter_1.pth', '--out', 'out/samples.png', '--num', 6,
               '--columns', 3, cwd=place)
    assert done.stdout.splitlines()[-1] == 'out/samples.png'  # a note before it says where data were found
    assert cv2.imread(str(place / 'out/samples.png')).shape == (2 * 66 + 2, 3 * 66 + 2, 3)


def test_traversal(call):
    head = 2 * text_height(1, text_size(64))
    plain = cv2.imread(str(call('traverse', 'traversal.png', '--steps', 9)))
    assert plain.shape[0] == head + 10 * 66
    around = cv2.imread(str(call('traverse', 'around.png', '--steps', 9, '--image', 'images/a.png', 'images/b.png')))
    assert around.shape[:2] == (head + 11 * 66, plain.shape[1] + 12 + 9 * 65 + 1)
    image = cv2.imread(str(call.place / 'images/a.png'))
    left = plain.shape[1] - 9 * 65
    top = head // 2 + 1
    assert (around[top:top + 64, left:left + 64] == image).all()  # the input beside what is decoded of it
    assert cv2.imread(str(call('traverse', 'large.png', '--steps', 9, '--scale', 2))).shape[0] > 10 * 130
    with Image.open(call('traverse', 'traversal.gif', '--steps', 4, '--image', 'images/a.png')) as gif:
        assert gif.n_frames == 6 and gif.size[0] > 11 * 66
    codes = [json.dumps([value] * 10) for value in (0.0, 1.0)]
    assert (cv2.imread(str(call('traverse', 'code.png', '--steps', 9, '--code', codes[0]))) == plain).all()
    assert cv2.imread(str(call('traverse', 'codes.png', '--steps', 9, '--code', *codes))).shape == (
        plain.shape[0], plain.shape[1] + 12 + 9 * 65 + 1, 3)
    pytest.importorskip('av')
    first, second = (call('traverse', f'{name}.mp4', '--steps', 3).read_bytes() for name in 'ab')
    assert first == second
    assert first[4:8] == b'ftyp'


def test_encode(call):
    table = np.load(call('encode', 'codes.npz', 'images'))
    assert table['names'].tolist() == ['images/a.png', 'images/b.png'] and table['codes'].shape == (2, 10)
    with open(call('encode', 'codes.csv', 'images/b.png', 'images/a.png')) as file:
        rows = list(csv.DictReader(file))
    assert [row['image'] for row in rows] == ['images/b.png', 'images/a.png']
    np.testing.assert_allclose([float(rows[1][f'r{dim}']) for dim in range(10)], table['codes'][0], atol=1e-6)


def test_interpolate_and_swap(call):
    pair = ('images/a.png', 'images/b.png')
    head = text_height(1, text_size(64))
    images = [cv2.imread(str(call.place / name)) for name in pair]
    row = cv2.imread(str(call('interpolate', 'between.png', *pair, '--steps', 4)))
    assert row.shape == (head + 66, (4 + 2) * 66, 3)
    assert (row[head + 1:-1, 1:65] == images[0]).all() and (row[head + 1:-1, -65:-1] == images[1]).all()
    with Image.open(call('interpolate', 'between.gif', *pair, '--steps', 4)) as gif:
        assert (gif.n_frames, gif.size[1]) == (6, head + 66)
    table = cv2.imread(str(call('swap', 'swap.png', *pair, '--dims', 0, 3)))
    assert table.shape[0] == head + 2 * 66
    for place, image in enumerate(images):
        assert any((table[head + 66 * place + 1:, left:][:64, :64] == image).all() for left in range(60, 140))


@pytest.mark.parametrize(('arguments', 'message'), [
    (('sample', 'x.jpg'), "the output file must end in .png, got 'x.jpg'"),
    (('encode', 'x.png', 'images'), "must end in .npz or .csv, got 'x.png'"),
    (('encode', 'x.csv', 'no_such.png'), "no file 'no_such.png'"),
    (('swap', 'x.png', 'images/a.png', 'images/b.png', '--dims', 10), 'dims must name dimensions of r, 0 to 9, got [10]'),
    (('sample', 'x.png', '--cfg-options', 'model.generator.base_channels=3'), "iter_1.pth does not fit the config: 'generator."),
    (('sample', 'x.png', '--num', 10**9), '1,000,000,000 images of 1 x 64 x 64 at once are too many, at most 65,536'),
    (('traverse', 'x.png', '--steps', 10**8), '1,000,000,000 images of 1 x 64 x 64 at once are too many'),
    (('sample', 'x.png', '--seed', 10**20), 'seed must be from -2^63 to 2^64 - 1, got 100000000000000000000'),
    (('traverse', 'x.png', '--seed', 10**20), 'seed must be from -2^63 to 2^64 - 1, got 100000000000000000000'),
    (('traverse', 'x.png', '--limit', 'nan'), 'limit must be a positive number of at most 1,000, got nan'),
    (('traverse', 'x.png', '--limit', '1e300'), 'limit must be a positive number of at most 1,000, got 1e+300'),
    (('encode', 'x.csv', 'images/a.png', '--num', 5), '--num 5 is of the images of a data set: it goes with --split'),
    (('encode', 'x.npz', '--split', 'test', '--crop', 'square'), "--crop square: a data set's images are cropped as its config"),
    (('traverse', 'x.png', '--scale', 10**5), 'scale 100000 makes images of 64 pixels larger than 4096'),
    (('interpolate', 'x.png', 'images/a.png', 'images/b.png', '--steps', 10**8), '100,000,000 images of 1 x 64 x 64 at once'),
    (('traverse', 'x.png', '--code', '[0.5, 1]'), 'a representation must have shape (10,), got (2,)'),
    (('traverse', 'x.png', '--code', '[NaN]'), "a list of numbers such as '[0.5, -1]', got '[NaN]'"),
    (('traverse', 'x.png', '--code', '5'), "got '5'"),
    (('traverse', 'x.png', '--code', '[1e400]'), "got '[1e400]'"),
    (('swap', './images/a.png', 'images/a.png', 'images/b.png', '--dims', 0), "'images/a.png' is an input: it would be replaced"),
    (('traverse', 'images/b.png', '--image', 'images/a.png', 'images/b.png'), "'images/b.png' is an input: it would be replaced"),
    (('sample', 'x.png', '--device', 'gpu'), "device 'gpu' can not be used: "),
])
def test_bad_input_ends_in_one_line(call, capsys, arguments, message):
    assert call(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith('error: ') and error.count('\n') == 1


def test_a_name_that_is_not_utf_8_is_refused_before_the_work(call, tmp_path, capsys):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b'/\xff0.png'))
    path.write_bytes((call.place / 'images/a.png').read_bytes())
    assert call('encode', 'x.csv', path) == 2
    assert r"/\udcff0.png' has a name that is not UTF-8: rename it" in capsys.readouterr().err
