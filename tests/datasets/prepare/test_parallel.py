import os
import signal
import subprocess
import sys
import time

import pytest

from ibgan_plugin.datasets.prepare.parallel import ordered_map


def test_order_is_kept():
    assert list(ordered_map(str, range(100), workers=2, chunk=7)) == [str(number) for number in range(100)]
    assert list(ordered_map(str, range(5), workers=1)) == list('01234')
    assert list(ordered_map(str, [], workers=2)) == []


def test_an_error_in_a_worker_arrives():
    with pytest.raises(ValueError, match='invalid literal'):
        list(ordered_map(int, ['1', 'one'], workers=2))


def is_zombie(pid):
    with open(f'/proc/{pid}/stat') as stream:
        return stream.read().split()[2] == 'Z'


PARENT = '''
import os, time
from ibgan_plugin.datasets.prepare.parallel import ordered_map
pids = ordered_map(eval, ['__import__("os").getpid()'] * 10**6, 2, chunk=1)
print(*{next(pids) for _ in range(100)}, flush=True)
time.sleep(60)
'''


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_workers_do_not_outlive_a_killed_parent():
    parent = subprocess.Popen([sys.executable, '-c', PARENT], stdout=subprocess.PIPE, text=True)
    workers = parent.stdout.readline().split()
    assert workers
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20

    def alive():
        return [pid for pid in workers if os.path.exists(f'/proc/{pid}') and not is_zombie(pid)]

    while alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive()
