"""How a tool ends: bad input in one line, a bug with its traceback, a distributed run without its threads."""
import functools
import gc
import os
import sys
import traceback
from collections.abc import Callable

import torch
import torch.distributed


def leave_process_group() -> None:
    """End this process's part in a distributed run that is over.

    Left to the interpreter's exit, gloo's threads are now and then torn down while they run, which aborts the finished process
    (``terminate called without an active exception``) and so fails the run.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
        gc.collect()  # the threads end with the last holder of the group: DDP's wrappers, which a runner keeps in cycles


def one_clear_message(main: Callable[[], int | None]) -> Callable[[], None]:
    """Decorator for a tool's ``main``: bad input ends in one line on stderr and exit code 2 instead of a traceback.

    Bad input is what the package reports as ``ValueError`` or ``OSError``. With ``IBGAN_TRACEBACK=1`` the traceback is shown.
    Otherwise the process ends with the exit code that ``main`` returns, and a distributed one leaves its process group first.
    """

    @functools.wraps(main)
    def wrapper() -> None:
        if 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' not in os.environ:  # PyTorch refuses both
            os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'  # for what others load: MMEngine 0.11 would run code in a file
        status = _run(main)
        leave_process_group()  # here, where no error's traceback holds the runner any more
        if status:
            sys.exit(status)

    return wrapper


def _run(main: Callable[[], int | None]) -> int:
    """Call ``main``; returns the exit code. What went wrong is on stderr; outside distributed runs, bugs are raised."""
    try:
        return main() or 0
    except Exception as error:
        if isinstance(error, (ValueError, OSError)) and os.environ.get('IBGAN_TRACEBACK') != '1':
            print(f'error: {error}', file=sys.stderr)
            return 2
        if not torch.distributed.is_available() or not torch.distributed.is_initialized():
            raise
        traceback.print_exc()
        return 1
