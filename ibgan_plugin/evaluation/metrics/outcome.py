"""Computing on one process and telling the others, errors too."""
from collections.abc import Callable
from typing import Any

from mmengine import dist

from ibgan_plugin.utils.errors import IBGANError


def on_main_process(compute: Callable[[], Any]) -> Any:
    """``compute()`` on the main process, its result on all of them.

    Raises:
        IBGANError: On every process, if ``compute`` raised it: none may wait for a result forever.
        Exception: What else ``compute`` raised, on the main process; RuntimeError with its message on the others.
    """
    if not dist.is_main_process():
        outcome: list = [None, None]
        dist.broadcast_object_list(outcome)
        kind, result = outcome
        if kind == 'value':
            return result
        raise (IBGANError if kind == 'bad input' else RuntimeError)(result)
    try:
        result = compute()
    except Exception as error:
        is_bad_input = isinstance(error, IBGANError | OSError)
        dist.broadcast_object_list(['bad input' if is_bad_input else 'failure', f'{error}' or type(error).__name__])
        raise
    dist.broadcast_object_list(['value', result])
    return result
