"""Timing several variants in turns, also in the gaps between the iterations of MMEngine's runner."""
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner


class Clock:
    """CPU and wall time of single calls, in milliseconds."""

    def __init__(self) -> None:
        self.cpu: list[float] = []
        self.wall: list[float] = []

    def start(self) -> None:
        """Begin a call."""
        self._begin = time.process_time(), time.perf_counter()

    def stop(self) -> None:
        """End it."""
        cpu, wall = time.process_time(), time.perf_counter()
        self.add(1e3 * (cpu - self._begin[0]), 1e3 * (wall - self._begin[1]))

    def add(self, cpu: float, wall: float) -> None:
        """Note a call that was timed elsewhere."""
        self.cpu.append(cpu)
        self.wall.append(wall)


def second_call(step: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall time of the second of two calls, in milliseconds: the first finds the caches as another variant left them."""
    clock = Clock()
    step()
    clock.start()
    step()
    clock.stop()
    return clock.cpu[0], clock.wall[0]


class OwnProcess:
    """A variant in a process of its own.

    Args:
        build: Gives the variant; together with its arguments it goes to the process.
    """

    def __init__(self, build: Callable[..., Callable[[], object]], *args: Any) -> None:
        context = multiprocessing.get_context('spawn')
        self._ours, theirs = context.Pipe()
        context.Process(target=_serve, args=(theirs, build, args), daemon=True).start()
        theirs.close()

    def time(self) -> tuple[float, float]:
        """:func:`second_call` in that process."""
        self._ours.send(None)
        return self._ours.recv()


def _serve(pipe: Connection, build: Callable[..., Callable[[], object]], args: tuple) -> None:
    """Time a variant once for each message, until the other side is gone."""
    step = build(*args)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        pipe.send(second_call(step))


#: What iterates once a call, here or in a process of its own.
Variant = Callable[[], object] | OwnProcess


class TurnsHook(Hook):
    """Lets the other variants run between two iterations of the runner, outside of its time.

    Args:
        others: Variants by name.
        clocks: Where times go, by name; the runner's own are ``'runner'`` and, of the training step in it, ``'inner step'``.
        warm_up: Iterations whose times are dropped.
    """
    priority = 'LOWEST'

    def __init__(self, others: dict[str, Variant], clocks: dict[str, Clock], warm_up: int) -> None:
        self.others, self.clocks, self.warm_up = others, clocks, warm_up

    def before_train(self, runner: Runner) -> None:
        """Time the training step inside of the iteration."""
        step = runner.model.train_step

        def timed_step(*args: Any, **kwargs: Any) -> Any:
            self.clocks['inner step'].start()
            outputs = step(*args, **kwargs)
            self.clocks['inner step'].stop()
            return outputs

        runner.model.train_step = timed_step
        self.clocks['runner'].start()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop the runner's clock, run the others, and go on."""
        self.clocks['runner'].stop()
        take_turns(self.others, self.clocks)
        if runner.iter + 1 == self.warm_up:
            forget(self.clocks)
        self.clocks['runner'].start()


def take_turns(variants: dict[str, Variant], clocks: dict[str, Clock]) -> None:
    """Time each."""
    for name, step in variants.items():
        clocks[name].add(*(step.time() if isinstance(step, OwnProcess) else second_call(step)))


def forget(clocks: dict[str, Clock]) -> None:
    """Drop the times of the warm-up."""
    for clock in clocks.values():
        clock.cpu.clear()
        clock.wall.clear()
