"""Computing on one process and telling the others, errors too."""
from collections.abc import Callable
from typing import Any

from mmengine import dist


def on_main_process(compute: Callable[[], Any]) -> Any:
    """``compute()`` on the main process, its result on all of them.

    Raises:
        IBGANError, OSError: On every process, if ``compute`` raised it: none may wait for a result forever.
    """
    outcome: list = [None]
    if dist.is_main_process():
        try:
            outcome = [compute()]
        except (ValueError, OSError) as error:
            outcome = [error]
    dist.broadcast_object_list(outcome)
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]
