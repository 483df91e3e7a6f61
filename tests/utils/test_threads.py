import os
import subprocess
import sys

import pytest

from ibgan_plugin.utils import threads
from ibgan_plugin.utils.threads import Cores, choose_threads

SETTLE = '''
import os, sys
from ibgan_plugin.utils.threads import settle_threads, describe_threads
if 'late' in sys.argv:
    import torch
settle_threads()
names = ('OMP_NUM_THREADS', 'OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME')
print({name: os.environ[name] for name in names if name in os.environ})
import torch
print(torch.get_num_threads())
print(describe_threads())
'''


def settle(*arguments, **environment):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(('OMP_', 'GOMP_', 'KMP_', 'IBGAN_CHOSE'))}
    done = subprocess.run([sys.executable, '-c', SETTLE, *arguments], env=clean | environment, capture_output=True, text=True,
                          check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(('cores', 'number'), [
    (Cores(2, 0.1), 2), (Cores(2, 1.2), 1), (Cores(2, 7.0), 1), (Cores(1, 0.0), 1), (Cores(4, 2.6), 1),
    (Cores(64, 0.0), threads.MAX_THREADS),
])
def test_no_thread_for_a_core_that_is_busy(cores, number):
    assert choose_threads(cores) == number


def test_what_the_user_has_set_stays():
    environment, number, line = settle(OMP_NUM_THREADS='1', OMP_WAIT_POLICY='ACTIVE')
    assert eval(environment) == {'OMP_NUM_THREADS': '1', 'OMP_WAIT_POLICY': 'ACTIVE'} and number == '1'
    assert line.startswith('1 on ') and 'as OMP_NUM_THREADS says' in line and 'OMP_WAIT_POLICY=ACTIVE' in line


def test_threads_are_chosen_and_sleep_at_barriers():
    environment, number, line = settle()
    environment = eval(environment)
    assert 1 <= int(environment['OMP_NUM_THREADS']) <= len(os.sched_getaffinity(0)) and number == environment['OMP_NUM_THREADS']
    assert environment['GOMP_SPINCOUNT'] == str(threads.SPIN_COUNT) and environment['KMP_BLOCKTIME'] == '0'
    assert 'chosen by affinity, quota and load' in line


def test_nothing_is_set_once_torch_is_there():
    environment, _, line = settle('late')
    assert eval(environment) == {} and "PyTorch's default" in line and 'waiting: spinning' in line


def test_busy_cores_are_those_that_work_on_something_which_is_not_niced(tmp_path, monkeypatch):
    stat = tmp_path / 'stat'
    stat.write_text('cpu  0 0 0 0 0 0 0 0\ncpu0 100 5 20 50 0 0 0 0 0 0\ncpu1 100 5 20 50 0 0 0 0 0 0\n'
                    'cpu2 0 0 0 9 0 0 0 0 0 0\nintr 1\n')
    later = 'cpu0 105 5 22 50 0 1 0 2 0 0\ncpu1 100 15 20 50 0 0 0 0 0 0\ncpu2 10 0 0 9 0 0 0 0 0 0\n'
    monkeypatch.setattr(threads.time, 'sleep', lambda _: stat.write_text(later))
    assert threads._busy({0, 1}, path=stat) == 1.0  # cpu0 all the time; on cpu1 a niced process; cpu2 is not ours
    stat.write_text(later)
    assert threads._busy({0, 1, 2}, path=stat) == 0.0
    assert threads._busy({0}, path=tmp_path / 'nothing') == 0.0


@pytest.mark.skipif(os.nice(0) > 0, reason='what a niced process starts is niced, and makes room')
def test_a_process_beside_ours_is_seen():
    number = min(os.sched_getaffinity(0))
    busy = f'import os; os.sched_setaffinity(0, [{number}]); print(1, flush=True)\nwhile 1: pass'
    other = subprocess.Popen([sys.executable, '-c', busy], stdout=subprocess.PIPE)
    try:
        other.stdout.readline()
        assert threads._busy({number}, seconds=0.5) > 0.1
    finally:
        other.kill()
        other.wait()


def test_a_quota_below_a_core_still_gives_a_thread(monkeypatch):
    monkeypatch.setattr(threads, 'core_quota', lambda: 0.5)
    assert threads.available_cores().allowed == 1


def test_workers_are_as_many_as_the_threads_that_were_chosen(monkeypatch):
    monkeypatch.setattr(threads, 'allowed_cores', lambda: 6)
    monkeypatch.delenv(threads.REASON, raising=False)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    assert threads.worker_count() == 6, "a user's OMP_NUM_THREADS is torch's and NumPy's"
    threads.use_threads(2, 'why')
    assert os.environ['OMP_NUM_THREADS'] == '1' and threads.REASON not in os.environ
    monkeypatch.delenv('OMP_NUM_THREADS')
    threads.use_threads(4, 'by load')
    assert (os.environ['OMP_NUM_THREADS'], threads.worker_count()) == ('4', 4) and '(by load;' in threads.describe_threads()
    threads.use_threads(1, 'one a worker')
    assert (os.environ['OMP_NUM_THREADS'], os.environ[threads.REASON]) == ('1', 'one a worker')
    monkeypatch.setenv('OMP_NUM_THREADS', 'none')
    assert threads.worker_count() == 6
