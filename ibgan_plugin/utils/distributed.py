"""Computing on some processes and telling the others, errors too."""
from collections.abc import Callable
from typing import Any

from mmengine import dist

from ibgan_plugin.utils.errors import IBGANError


def on_main_process(compute: Callable[[], Any]) -> Any:
    """``compute()`` on the main process, its result on all of them.

    Raises:
        IBGANError: On every process, if ``compute`` raised it: none may wait for a result forever.
        BaseException: What else ``compute`` raised, on the main process; RuntimeError with its message on the others.
    """
    if not dist.is_main_process():
        outcome: list = [None, None]
        dist.broadcast_object_list(outcome)
        return _result(outcome)
    try:
        result = compute()
    except BaseException as error:  # Ctrl-C too
        dist.broadcast_object_list(_told(error))
        raise
    dist.broadcast_object_list(['value', result])
    return result


def on_all_processes(compute: Callable[[], Any]) -> list[Any]:
    """``compute()`` on each process; the results of all of them, by rank, on all of them.

    Raises:
        BaseException: On every process, as :func:`on_main_process`, of the first on which ``compute`` failed.
    """
    try:
        result = compute()
    except BaseException as error:  # Ctrl-C too
        dist.all_gather_object(_told(error))
        raise
    return [_result(outcome) for outcome in dist.all_gather_object(['value', result])]


def _told(error: BaseException) -> list:
    """An error as other processes are told of it: the object itself may not survive the way."""
    return ['bad input' if isinstance(error, IBGANError | OSError) else 'failure', f'{error}' or type(error).__name__]


def _result(outcome: list) -> Any:
    """What another process has computed, or its error."""
    kind, result = outcome
    if kind == 'value':
        return result
    raise (IBGANError if kind == 'bad input' else RuntimeError)(result)
