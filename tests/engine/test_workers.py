import multiprocessing
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config

from ibgan_plugin.engine.workers import outlive_stop_signals, prepare_workers


def test_no_more_workers_than_cores(monkeypatch):
    monkeypatch.setattr('ibgan_plugin.engine.workers.allowed_cores', lambda: 2)
    cfg = Config(dict(train=dict(num_workers=8), val=dict(num_workers=1, worker_init_fn='own'), test=None))
    with pytest.warns(UserWarning, match='train.num_workers = 8: this process may run on 2 cores, so it is 2') as warned:
        prepare_workers(cfg, ['train', 'val', 'test'])
    assert len(warned) == 1 and (cfg.train.num_workers, cfg.val.num_workers) == (2, 1)
    assert cfg.train.worker_init_fn.type == 'ibgan_plugin.outlive_stop_signals' and cfg.val.worker_init_fn == 'own'


def work(pipe) -> None:
    outlive_stop_signals(0)
    while True:
        pipe.send(pipe.recv())


def pending(pid: int) -> bool:
    """Whether a signal to the process waits to be dealt with."""
    status = Path(f'/proc/{pid}/status').read_text()
    return int(re.search(r'ShdPnd:\s*(\w+)', status).group(1), 16) != 0


def test_a_worker_outlives_the_signals_of_others_and_ends_with_its_parents():
    context = multiprocessing.get_context('fork')
    pipe, end = context.Pipe()
    worker = context.Process(target=work, args=(end, ), daemon=True)
    worker.start()
    for name in ('INT', 'USR1', 'TERM'):
        pipe.send(name)
        assert pipe.recv() == name
        subprocess.run(['kill', f'-{name}', str(worker.pid)], check=True)
    while pending(worker.pid):
        assert worker.is_alive()
    pipe.send('alive')
    assert pipe.recv() == 'alive'
    os.kill(worker.pid, signal.SIGTERM)
    worker.join(60)
    assert worker.exitcode == 0
