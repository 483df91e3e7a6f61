"""Errors of one process end all that wait for it, whatever their class."""
import os
from pathlib import Path

import torch

from ibgan_plugin.utils.cli import leave_process_group
from ibgan_plugin.utils.distributed import on_all_processes, on_main_process
from ibgan_plugin.utils.errors import IBGANError
from tests.reliability.processes import environments, wait
from tests.reliability.training import CONTEXT


class NobodysError(Exception):
    """Of no other class, and not to be pickled."""

    def __init__(self, number: int) -> None:
        super().__init__(f'number {number}')
        self.number = lambda: number


ERRORS = [IBGANError('bad'), OSError(2, 'no file'), KeyError('k'), NobodysError(3), KeyboardInterrupt('stop'), SystemExit(5)]


def call_all(rank: int, environment: dict, folder: str) -> None:
    """Let the first process fail in every way, and write down what each sees."""
    os.environ.update(environment)
    torch.distributed.init_process_group('gloo')
    seen = []
    for error in ERRORS:
        for call in (on_main_process, on_all_processes):

            def compute(error=error):
                if rank == 0:
                    raise error
                return rank

            try:
                call(compute)
            except BaseException as found:
                seen.append(f'{type(found).__name__}: {found}')
    seen += [str(on_main_process(lambda: 7)), str(on_all_processes(lambda: rank + 10))]
    Path(folder, str(rank)).write_text('\n'.join(seen))
    leave_process_group()


def test_an_error_of_any_class_reaches_all(tmp_path):
    ranks = [CONTEXT.Process(target=call_all, args=(rank, environment, str(tmp_path)))
             for rank, environment in enumerate(environments())]
    for process in ranks:
        process.start()
    assert wait(ranks, 100) == [0, 0]
    own, told = ((tmp_path / name).read_text().splitlines() for name in '01')
    assert own == [f'{type(error).__name__}: {error}' for error in ERRORS for _ in range(2)] + ['7', '[10, 11]']
    kinds = ['IBGANError', 'IBGANError', *['RuntimeError'] * 4]
    assert told == [f'{kind}: {error}' for kind, error in zip(kinds, ERRORS, strict=True) for _ in range(2)] + ['7', '[10, 11]']
