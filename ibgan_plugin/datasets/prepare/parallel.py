"""Work spread over processes, results in order."""
import multiprocessing
import multiprocessing.context
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import Any

_function: Callable[[Any], Any]


def ordered_map(function: Callable[[Any], Any], items: Iterable, workers: int, chunk: int = 32) -> Iterator:
    """``map`` over worker processes; results come in the order of the items, and only a few chunks are ahead of the reader.

    Args:
        function: Picklable; sent to each worker once.
        items: Small and picklable.
        workers: Number of processes; with 1 everything happens here.
        chunk: Items sent to a worker at a time.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(workers, _context(), _start, (function,)) as pool:
        items = iter(items)
        ahead: deque = deque()
        try:
            while True:
                while len(ahead) < 2 * workers and (some := list(islice(items, chunk))):
                    ahead.append(pool.submit(_apply, some))
                if not ahead:
                    return
                yield from ahead.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _context() -> multiprocessing.context.BaseContext:
    """How to start workers: not by forking this process, which can hang once it has threads (torch, OpenCV).

    Where there is a fork server, it imports the package once for all of them.
    """
    if 'forkserver' not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context('spawn')
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['ibgan_plugin.datasets.prepare.convert'])
    return context


def _start(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """Workers of a parent that was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _apply(items: list) -> list:
    return [_function(item) for item in items]
