"""How a tool ends: bad input in one line, a bug with its traceback, a distributed run without its threads."""
import functools
import gc
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.threads import settle_threads


def leave_process_group() -> None:
    """End this process's part in a distributed run that is over.

    Left to the interpreter's exit, gloo's threads are now and then torn down while they run, which aborts the finished process
    (``terminate called without an active exception``) and so fails the run.
    """
    if _is_distributed():
        sys.modules['torch'].distributed.destroy_process_group()
        gc.collect()  # the threads end with the last holder of the group: DDP's wrappers, which a runner keeps in cycles


def one_clear_message(main: Callable[..., int | None]) -> Callable[..., int]:
    """Decorator for a tool's ``main``: bad input ends in a line on stderr and exit code 2 instead of a traceback.

    Bad input is :class:`~ibgan_plugin.utils.errors.IBGANError` and what the operating system refuses: a file that is not there
    or may not be read, a full disk. Any other exception is a bug and shows its traceback, as all do with ``IBGAN_TRACEBACK=1``.
    A distributed process leaves its process group first.

    Returns:
        A function that returns the exit code: ``main``'s own, 0 if that is None, 2 for bad input, 130 after Ctrl-C.
    """

    @functools.wraps(main)
    def wrapper(*args: Any) -> int:
        if 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' not in os.environ:  # PyTorch refuses both
            os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'  # for what others load: MMEngine 0.11 would run code in a file
        settle_threads()
        status = _run(main, *args)
        leave_process_group()  # here, where no error's traceback holds the runner any more
        return status

    return wrapper


def _run(main: Callable[..., int | None], *args: Any) -> int:
    """Call ``main``; returns the exit code. What went wrong is on stderr; outside distributed runs, bugs are raised."""
    try:
        return main(*args) or 0
    except KeyboardInterrupt:
        print('stopped', file=sys.stderr)
        return 130
    except Exception as error:
        # An OSError without a number is not the system's: some library raised it.
        is_bad_input = isinstance(error, IBGANError) or (isinstance(error, OSError) and error.errno is not None)
        if is_bad_input and os.environ.get('IBGAN_TRACEBACK') != '1':
            lines = error.lines if isinstance(error, IBGANError) else [str(error)]
            print(*(f'error: {line}' for line in lines), sep='\n', file=sys.stderr)
            return 2
        if not _is_distributed():
            raise
        traceback.print_exc()
        return 1


def _is_distributed() -> bool:
    """Whether this process is in a process group. Does not import torch: a tool that has not needed it ends without it."""
    distributed = getattr(sys.modules.get('torch'), 'distributed', None)
    return distributed is not None and distributed.is_available() and distributed.is_initialized()
