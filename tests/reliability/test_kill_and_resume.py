"""A killed and resumed run is bitwise the run that was never killed."""
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.reliability.training import CONTEXT, MAX_ITERS, assert_same_run, finish, options, start, wait_for

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def whole(data_root, tmp_path_factory):
    """An uninterrupted run."""
    work_dir = tmp_path_factory.mktemp('whole')
    finish(work_dir, options(data_root))
    return work_dir


def iterations(work_dir) -> list[int]:
    return sorted(int(path.stem.split('_')[1]) for path in work_dir.glob('iter_*.pth'))


@pytest.mark.parametrize('workers', [0, 2])
def test_kill_at_ten_random_moments(data_root, whole, tmp_path, workers):
    """Each process is killed a random part of a second after a random iteration has begun, the next one resumes."""
    dice = random.Random(workers)
    for iteration in sorted(dice.sample(range(2, MAX_ITERS - 1), 10)):
        progress = CONTEXT.Value('i', 0)
        process = start(tmp_path, options(data_root, workers), progress=progress)
        while progress.value < iteration:
            assert process.is_alive()
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.03))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert not (tmp_path / f'iter_{MAX_ITERS}.pth').exists()
    finish(tmp_path, options(data_root, workers))
    assert_same_run(whole, tmp_path)


@pytest.mark.parametrize('rename', [1, 3])
def test_kill_in_the_middle_of_a_checkpoint(data_root, whole, tmp_path, rename):
    process = start(tmp_path, options(data_root), die_at_rename=rename)
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert iterations(tmp_path) == list(range(4, 4 * rename, 4))
    assert list(tmp_path.glob('.iter_*.part'))
    finish(tmp_path, options(data_root))
    assert_same_run(whole, tmp_path)


@pytest.mark.parametrize(('number', 'workers'), [(signal.SIGTERM, 2), (signal.SIGINT, 0), (signal.SIGUSR1, 2)])
def test_a_signal_saves_and_exits_with_the_documented_code(data_root, whole, tmp_path, number, workers):
    """A signal to the whole process group, as terminals, schedulers and torchrun send it: the loader's workers get it first."""
    process = start(tmp_path, options(data_root, workers))
    wait_for(tmp_path / 'iter_4.pth', process)
    children = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
    assert len(children) == workers
    for pid in [*map(int, children), process.pid]:
        os.kill(pid, number)
    process.join(120)
    assert process.exitcode == 75
    assert iterations(tmp_path)[-1] < MAX_ITERS
    finish(tmp_path, options(data_root))
    assert_same_run(whole, tmp_path)


def test_after_a_full_disk_and_a_truncation_the_last_good_checkpoint_is_used(data_root, whole, tmp_path):
    finish(tmp_path, options(data_root, **{'train_cfg.max_iters': 12}))
    newest = tmp_path / 'iter_12.pth'
    content = newest.read_bytes()
    process = start(tmp_path, options(data_root), free_bytes=len(content) // 2)
    process.join(120)
    assert process.exitcode == 1
    assert iterations(tmp_path) == [4, 8, 12]
    assert newest.read_bytes() == content
    assert not list(tmp_path.glob('.iter_*'))
    newest.write_bytes(content[:1000])
    finish(tmp_path, options(data_root))
    assert_same_run(whole, tmp_path)
