"""A killed and resumed run is bitwise the run that was never killed."""
import os
import random
import signal
import time

import pytest

from tests.reliability.training import MAX_ITERS, assert_same_run, finish, options, start, wait_for

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """dSprites, drawn once."""
    from ibgan_plugin.datasets.dsprites import DSprites
    root = tmp_path_factory.mktemp('dsprites')
    DSprites(root).full_init()
    return str(root)


@pytest.fixture(scope='module')
def whole(data_root, tmp_path_factory):
    """An uninterrupted run, and how long it took."""
    work_dir = tmp_path_factory.mktemp('whole')
    begin = time.monotonic()
    finish(work_dir, options(data_root))
    return work_dir, time.monotonic() - begin


def iterations(work_dir) -> list[int]:
    return sorted(int(path.stem.split('_')[1]) for path in work_dir.glob('iter_*.pth'))


@pytest.mark.parametrize(('workers', 'kills'), [
    (0, 3), (2, 2),
    pytest.param(0, 10, marks=pytest.mark.slow), pytest.param(2, 10, marks=pytest.mark.slow),
])
def test_kill_at_random_moments(data_root, whole, tmp_path, workers, kills):
    reference, seconds = whole
    moments = random.Random(kills + workers)
    for _ in range(kills):
        process = start(tmp_path, options(data_root, workers))
        process.join(moments.uniform(0.3, 0.9) * seconds)
        process.kill()
        process.join()
    finish(tmp_path, options(data_root, workers))
    assert_same_run(reference, tmp_path)


@pytest.mark.parametrize('rename', [1, 3])
def test_kill_in_the_middle_of_a_checkpoint(data_root, whole, tmp_path, rename):
    process = start(tmp_path, options(data_root), die_at_rename=rename)
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert iterations(tmp_path) == list(range(4, 4 * rename, 4))
    assert list(tmp_path.glob('.iter_*.part'))
    finish(tmp_path, options(data_root))
    assert_same_run(whole[0], tmp_path)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_exits_with_the_documented_code(data_root, whole, tmp_path, number):
    process = start(tmp_path, options(data_root))
    wait_for(tmp_path / 'iter_4.pth', process)
    os.kill(process.pid, number)
    process.join(120)
    assert process.exitcode == 75
    assert iterations(tmp_path)[-1] < MAX_ITERS
    finish(tmp_path, options(data_root))
    assert_same_run(whole[0], tmp_path)


def test_a_truncated_checkpoint_falls_back_to_the_one_before(data_root, whole, tmp_path):
    finish(tmp_path, options(data_root, **{'train_cfg.max_iters': 12}))
    newest = tmp_path / 'iter_12.pth'
    newest.write_bytes(newest.read_bytes()[:1000])
    finish(tmp_path, options(data_root))
    assert_same_run(whole[0], tmp_path)
