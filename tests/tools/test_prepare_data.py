import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.prepare import factor_sets, renders

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'prepare_data.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('prepare_data', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path, size, count=1):
    for number in range(count):
        file = path.with_name(path.name.replace('#', f'{number + 1:06d}'))
        file.parent.mkdir(parents=True, exist_ok=True)
        image = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
        file.write_bytes(encode(image, 'jpeg' if file.suffix == '.jpg' else 'png'))


def test_dsprites(tool, tmp_path, capsys):
    assert tool.main(['dsprites', '--out', str(tmp_path)]) == 0
    assert (tmp_path / 'dsprites.lmdb').is_file()
    assert '737,280 images' in capsys.readouterr().out
    before = (tmp_path / 'dsprites.lmdb').stat().st_mtime_ns
    assert tool.main(['cdsprites', '--out', str(tmp_path)]) == 0
    assert (tmp_path / 'dsprites.lmdb').stat().st_mtime_ns == before, 'a finished file is kept'
    assert tool.main(['dsprites', '--out', str(tmp_path), '--force']) == 0
    assert (tmp_path / 'dsprites.lmdb').stat().st_mtime_ns > before


def test_celeba(tool, tmp_path, capsys):
    write(tmp_path / 'img_align_celeba' / '#.jpg', (218, 178), count=3)
    command = ['celeba', str(tmp_path), '--out', str(tmp_path / 'celeba.lmdb'), '--workers', '1']
    assert tool.main(command) == 2
    assert 'holds 3 images, but CelebA has 202,599; pass --partial' in capsys.readouterr().err
    assert tool.main([*command, '--partial', '--crop', 'celeba_128', '--encoding', 'raw', '--size', '32']) == 0
    assert '3 images of 32x32x3 (raw) from img_align_celeba' in capsys.readouterr().out
    data = LMDBImages(tmp_path / 'celeba.lmdb')
    assert data.metainfo['crop'] == 'celeba_128' and data[0]['inputs'].shape == (3, 32, 32)


def test_chairs(tool, tmp_path):
    write(tmp_path / 'rendered_chairs' / 'a' / 'renders' / 'image_000_p020_t011_r096.png', (100, 100))
    out = tmp_path / 'chairs.lmdb'
    assert tool.main(['3dchairs', str(tmp_path), '--out', str(out), '--partial', '--workers', '1']) == 0
    assert LMDBImages(out)[0]['inputs'].shape == (1, 64, 64)


def test_folder(tool, tmp_path, capsys):
    write(tmp_path / 'photos' / '#.png', (40, 50), count=4)
    (tmp_path / 'photos' / 'broken.png').write_bytes(b'x')
    command = ['folder', str(tmp_path / 'photos'), '--out', str(tmp_path / 'photos.lmdb'), '--workers', '1', '--channels', '1']
    assert tool.main(command) == 2
    assert 'photos: broken.png: not a readable image (1 bytes); pass --skip-unreadable' in capsys.readouterr().err
    assert not (tmp_path / 'photos.lmdb').exists()
    assert tool.main([*command, '--skip-unreadable']) == 0
    assert 'left out: 1 unreadable inputs, broken.png first' in capsys.readouterr().out
    assert len(LMDBImages(tmp_path / 'photos.lmdb')) == 4


@pytest.mark.parametrize(('command', 'message'), [
    (['dsprites', '--npz', 'none.npz'], 'none.npz does not exist'), (['celeba', 'none'], 'none holds none of img_align_celeba'),
    (['3dchairs', 'none'], 'none does not exist'), (['folder', 'none'], 'none does not exist'),
    (['shapes3d', 'none.h5'], 'none.h5'), (['mpi3d_toy', 'none.npz'], 'none.npz does not exist'),
    (['cars3d', 'none'], 'none holds 0 .mat files, but Cars3D has 183'), (['smallnorb', 'none'], '-dat.mat does not exist'),
    (['folder', 'none', '--crop', 'big'], "crop must be 'none', 'square',"),
])
def test_what_the_user_can_mend_is_one_line(tool, tmp_path, capsys, command, message):
    assert tool.main([*command, '--out', str(tmp_path / 'out')]) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and message in error and error.count('\n') == 1
    assert not list(tmp_path.rglob('*.lmdb*'))


def test_workers_and_interruption(tool, tmp_path, capsys, monkeypatch):
    with pytest.raises(SystemExit):
        tool.main(['shapes3d', '--workers', '0'])
    assert "--workers: must be an integer of at least 1, got '0'" in capsys.readouterr().err

    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'prepare_dsprites', interrupted)
    assert tool.main(['dsprites', '--out', str(tmp_path)]) == 130
    assert 'stopped; run it again to go on where it was' in capsys.readouterr().err


def test_unknown_data_set(tool, capsys):
    with pytest.raises(SystemExit):
        tool.main(['imagenet'])
    assert "invalid choice: 'imagenet'" in capsys.readouterr().err


def test_the_sets_are_those_of_the_package(tool):
    assert tool.FACTOR_SETS.keys() == factor_sets.FACTOR_SETS.keys() and set(tool.RENDERS) == renders.RENDERS.keys()
    for name, place in tool.FACTOR_SETS.items():
        assert place.endswith(f'/{factor_sets.FACTOR_SETS[name].file}')


def test_the_data_root_is_where_sets_are_looked_for_and_made(tool, tmp_path, monkeypatch):
    monkeypatch.setenv('IBGAN_DATA_ROOT', str(tmp_path / 'sets'))
    assert tool.parse_args(['dsprites']).out == tmp_path / 'sets/dsprites'
    args = tool.parse_args(['mpi3d_toy'])
    assert (args.root, args.out) == (tmp_path / 'sets/mpi3d/mpi3d_toy.npz', tmp_path / 'sets/mpi3d/mpi3d_toy.lmdb')
    monkeypatch.delenv('IBGAN_DATA_ROOT')
    assert tool.parse_args(['celeba']).root.as_posix() == 'data/celeba'
