"""Work spread over threads, results in order: OpenCV and Pillow do theirs outside the interpreter lock."""
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from joblib import Parallel, delayed

Item = TypeVar('Item')
Result = TypeVar('Result')


def in_order(function: Callable[[Item], Result], blocks: Iterable[Iterable[Item]], workers: int) -> Iterator[Result]:
    """``function`` of every item of every block, in order; no more than one block is in memory at a time."""
    with Parallel(workers, prefer='threads', batch_size=16) as parallel:
        for block in blocks:
            yield from parallel(delayed(function)(item) for item in block)
