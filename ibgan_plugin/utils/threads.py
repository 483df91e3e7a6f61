"""How many threads a process computes with, and how they wait for each other. Call :func:`settle_threads` before torch is imported.

Threads of OpenMP meet at a barrier after every operation, hundreds of times a training step. By default one that waits there spins
for about a millisecond: right on an idle machine, but where other processes compete for the cores, it burns the time that
its partner waits to be scheduled in, and a step becomes twenty times slower (``benchmarks/bench_contention.py``). So threads spin
briefly and then sleep, and there are no more of them than cores that nobody else is using.
"""
import math
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

#: What a user may have set: then nothing is changed.
WAITING = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME')
#: Turns of GNU's waiting loop before a thread sleeps: about a microsecond, a barrier of threads that all run.
SPIN_COUNT = 300
#: More threads gain nothing at the sizes of these models: each layer is some milliseconds of work.
MAX_THREADS = 8


class Cores(NamedTuple):
    """What this process may use of the machine."""
    allowed: int  # by affinity and by the quota of its control group
    load: float  # cores that other processes were using when asked


def available_cores() -> Cores:
    """Cores that this process may run on, and how busy they are: the mean number of runnable processes over the last minute."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    quota = _quota()
    allowed = affinity if quota is None else max(1, min(affinity, math.floor(quota)))
    machine = os.cpu_count() or 1
    load = min(_load(), machine) * allowed / machine  # a share of the machine has that share of its load
    return Cores(allowed, load)


def choose_threads(cores: Cores) -> int:
    """Threads that can run at the same time: at least one, and none for a core that another process keeps busy."""
    return max(1, min(cores.allowed - round(cores.load), MAX_THREADS))


def settle_threads() -> None:
    """Set what OpenMP reads when it starts, unless the user has set it. Without effect once torch is imported."""
    if 'torch' in sys.modules:
        return
    if 'OMP_NUM_THREADS' not in os.environ:
        os.environ['OMP_NUM_THREADS'] = str(choose_threads(available_cores()))
        os.environ['IBGAN_CHOSE_THREADS'] = '1'  # for the line in the log; child processes take both over
    if not any(name in os.environ for name in WAITING):
        os.environ['GOMP_SPINCOUNT'] = str(SPIN_COUNT)  # GNU's runtime, which torch's wheels bring
        os.environ['KMP_BLOCKTIME'] = '0'  # Intel's and LLVM's: milliseconds


def resume_threads(before: Any) -> int:
    """Compute with as many threads as a run did before, so that it goes on bit for bit; returns how many these are now.

    Where the user has set the number, or the machine has fewer cores, it stays.

    Args:
        before: What the checkpoint says, which may be anything.
    """
    import torch
    chosen = 'IBGAN_CHOSE_THREADS' in os.environ
    if chosen and type(before) is int and 1 <= before <= available_cores().allowed:
        torch.set_num_threads(before)
    return torch.get_num_threads()


def describe_threads() -> str:
    """The choice in one line, for the log."""
    import torch
    cores = available_cores()
    why = 'chosen by affinity, quota and load' if 'IBGAN_CHOSE_THREADS' in os.environ else 'as OMP_NUM_THREADS says'
    if 'OMP_NUM_THREADS' not in os.environ:
        why = "PyTorch's default"
    waiting = ', '.join(f'{name}={os.environ[name]}' for name in WAITING if name in os.environ) or 'spinning'
    return f'{torch.get_num_threads()} on {cores.allowed} cores ({why}; load {cores.load:.1f}; waiting: {waiting})'


def _load() -> float:
    """Mean number of runnable processes over the last minute; 0 where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0


def _quota(root: Path = Path('/sys/fs/cgroup')) -> float | None:
    """Cores that the control group grants, version 2 or 1; None where there is no limit."""
    try:
        text = (root / 'cpu.max').read_text()
        limit, period = text.split()
        return None if limit == 'max' else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        quota, each = (int((root / 'cpu' / f'cpu.cfs_{name}_us').read_text()) for name in ('quota', 'period'))
        return quota / each if quota > 0 else None
    except (OSError, ValueError):
        return None
