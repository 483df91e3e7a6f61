"""How many threads a process computes with, and how they wait for each other. Call :func:`settle_threads` before torch is imported.

Threads of OpenMP meet at a barrier after every operation, hundreds of times a training step. By default one that waits there spins
for a millisecond or longer: right on an idle machine, but where other processes compete for the cores, it burns the time that its
partner waits to be scheduled in, and a step can become twenty times slower. A thread that sleeps at once takes longer to wake than
a small layer to compute, which costs a third of an idle machine's speed. So threads spin for about as long as a small layer takes
and then sleep, and there are no more of them than cores that nobody else is using (``benchmarks/bench_contention.py``).
"""
import math
import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from ibgan_plugin.utils.control_groups import core_quota

#: Where a process says why it has so many threads, if not because the user says so; child processes take both over.
REASON = 'IBGAN_CHOSE_THREADS'
#: What a user may have set: then nothing is changed.
WAITING = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME')
#: Turns of GNU's waiting loop before a thread sleeps: about a tenth of a millisecond.
SPIN_COUNT = 30_000
#: A guess, measured on two cores alone: each layer is some milliseconds of work, whose shares among more would be too small.
MAX_THREADS = 8


class Cores(NamedTuple):
    """What this process may use of the machine."""
    allowed: int  # by affinity and by the quota of its control group
    load: float  # cores of these that other processes were using when asked


def available_cores() -> Cores:
    """Cores that this process may run on, and how busy they are just now, which takes a tenth of a second to find out."""
    allowed, cores = allowed_cores(), _affinity()
    return Cores(allowed, _busy(cores) * allowed / len(cores))  # a share of the machine has that share of its load


def allowed_cores() -> int:
    """Cores that this process may run on."""
    cores, quota = len(_affinity()), core_quota()
    return cores if quota is None else max(1, min(cores, math.floor(quota)))


def choose_threads(cores: Cores) -> int:
    """Threads that can run at the same time: at least one, and none for a core that another process keeps busy."""
    return max(1, min(cores.allowed - round(cores.load), MAX_THREADS))


def settle_threads() -> None:
    """Set what OpenMP reads when it starts, unless the user has set it. Without effect once torch is imported."""
    if 'torch' in sys.modules:
        return
    if 'OMP_NUM_THREADS' not in os.environ:
        cores = available_cores()
        use_threads(choose_threads(cores), f'chosen by affinity, quota and load; others used {cores.load:.1f} of them')
    if not any(name in os.environ for name in WAITING):
        os.environ['GOMP_SPINCOUNT'] = str(SPIN_COUNT)  # GNU's runtime, which torch's wheels bring
        os.environ['KMP_BLOCKTIME'] = '0'  # Intel's and LLVM's: milliseconds


def use_threads(number: int, reason: str) -> None:
    """Let processes that begin after this compute with so many threads, and say why; unless the user has set the number."""
    if 'OMP_NUM_THREADS' not in os.environ or REASON in os.environ:
        os.environ['OMP_NUM_THREADS'], os.environ[REASON] = str(number), reason


def worker_count() -> int:
    """Workers for work that is not torch's: as many as the threads that were chosen, else one for each core that is allowed."""
    chosen = os.environ.get('OMP_NUM_THREADS', '') if REASON in os.environ else ''
    return int(chosen) if chosen.isdecimal() and int(chosen) > 0 else allowed_cores()


def resume_threads(before: Any) -> int:
    """Compute with as many threads as a run did before, so that it goes on bit for bit; returns how many these are now.

    Where the user has set the number, or the machine has fewer cores, it stays.

    Args:
        before: What the checkpoint says, which may be anything.
    """
    import torch
    if REASON in os.environ and type(before) is int and 1 <= before <= allowed_cores():
        torch.set_num_threads(before)
    return torch.get_num_threads()


def describe_threads() -> str:
    """The choice in one line, for the log."""
    import torch
    why = 'as OMP_NUM_THREADS says' if 'OMP_NUM_THREADS' in os.environ else "PyTorch's default"
    why = os.environ.get(REASON, why)
    waiting = ', '.join(f'{name}={os.environ[name]}' for name in WAITING if name in os.environ) or 'spinning'
    return f'{torch.get_num_threads()} on {allowed_cores()} cores ({why}; waiting: {waiting})'


def _affinity() -> set[int]:
    """Numbers of the cores that the system lets this process run on."""
    return os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else set(range(os.cpu_count() or 1))


def _busy(numbers: set[int], seconds: float = 0.1, path: Path = Path('/proc/stat')) -> float:
    """How many of these cores are busy with anything but niced processes, which make room; 0 where the system does not tell."""
    try:
        before = _ticks(path.read_text(), numbers)
        time.sleep(seconds)
        after = _ticks(path.read_text(), numbers)
    except (OSError, ValueError):
        return 0.0
    spent = [[new - old for new, old in zip(after[number], before[number], strict=True)] for number in before]
    return sum(busy / max(total, 1) for busy, total in spent)


def _ticks(text: str, numbers: set[int]) -> dict[int, tuple[int, int]]:
    """Busy and all ticks of cores in ``/proc/stat``: user, nice, system, idle, waiting for disks, interrupts, soft ones, stolen."""
    ticks = {}
    for line in text.splitlines():
        name, *values = line.split()
        if name[:3] == 'cpu' and name[3:].isdigit() and int(name[3:]) in numbers:
            user, _, system, _, _, *others = each = [int(value) for value in values[:8]]
            ticks[int(name[3:])] = user + system + sum(others), sum(each)
    return ticks
