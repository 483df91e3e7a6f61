import threading

import pytest

from ibgan_plugin.datasets.prepare.threads import in_order


def test_order_is_kept():
    blocks = [range(first, first + 7) for first in range(0, 98, 7)]
    assert list(in_order(str, blocks, workers=2)) == [str(number) for number in range(98)]
    assert list(in_order(str, [range(5)], workers=1)) == list('01234')
    assert list(in_order(str, [], workers=2)) == []


def test_it_works_in_several_threads_and_only_a_block_ahead():
    barrier, drawn = threading.Barrier(2, timeout=60), []

    def meet(number):
        barrier.wait()  # passes only if two items are worked on at once
        return number

    def blocks():
        for first in (0, 4, 8):
            drawn.append(first)
            yield range(first, first + 4)

    results = in_order(meet, blocks(), workers=2)
    assert next(results) == 0 and drawn == [0]
    assert list(results) == list(range(1, 12)) and drawn == [0, 4, 8]


def test_an_error_in_a_worker_arrives():
    with pytest.raises(ValueError, match='invalid literal'):
        list(in_order(int, [['1', 'one']], workers=2))
