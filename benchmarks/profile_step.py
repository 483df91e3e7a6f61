"""Where the time of our training step goes: ``python benchmarks/profile_step.py [CONFIG] [--batch-size N] [--rows N]``.

Times every operation of torch where it runs, backward included, with the caches as the step leaves them. torch's profiler
allocates memory between the operations, and counts the page faults after that as theirs. One line for each operation and shapes,
with the rate at which products and convolutions compute (torch's count of FLOPs), and sums. Milliseconds of CPU time a step.
"""
import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from bench_step import build_ours, load_config, random_batch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ibgan_plugin.ops import tune_cpu


class OperationTimes(TorchDispatchMode):
    """Times the operations inside, by name and shapes.

    Attributes:
        rows: Operation and shapes to calls, seconds, and FLOPs of one call (0 where torch does not count them).
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])

    def __torch_dispatch__(self, func: Any, types: Sequence[type], args: tuple = (), kwargs: dict | None = None) -> Any:
        begin = time.process_time()
        result = func(*args, **(kwargs or {}))
        seconds = time.process_time() - begin
        name = func.overloadpacket.__name__
        if name == 'convolution_backward':
            name += ' of ' + ' and '.join(part for part, wanted in zip(('input', 'weight'), args[-1], strict=False) if wanted)
        shapes = ' '.join('x'.join(map(str, arg.shape)) or '()' for arg in args if isinstance(arg, Tensor))
        row = self.rows[name, shapes]
        row[0] += 1
        row[1] += seconds
        if not row[2] and func.overloadpacket in flop_registry:
            row[2] = flop_registry[func.overloadpacket](*args, **(kwargs or {}), out_val=result)
        return result


def profile(name: str, batch_size: int, steps: int) -> tuple[float, OperationTimes]:
    """CPU milliseconds of a step, not looked into, and the times of the operations of ``steps`` others."""
    cfg = load_config(name)
    model, optim = build_ours(cfg)
    batch = random_batch(cfg, batch_size)

    def run(times: int) -> float:
        begin = time.process_time()
        for _ in range(times):
            model.train_step(batch, optim)
        return 1e3 * (time.process_time() - begin) / times

    run(5)
    step = run(steps)
    with OperationTimes() as operations:
        run(2)
        operations.rows.clear()
        run(steps)
    return step, operations


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default='ibgan_dsprites', help='config file, or the name of one in configs/ibgan')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--rows', type=int, default=40, help='lines to print, the slowest first')
    args = parser.parse_args()
    torch.set_num_threads(1)
    tune_cpu()
    step, operations = profile(args.config, args.batch_size, args.steps)
    rows = sorted(((1e3 * seconds / args.steps, calls / args.steps, flops, *key)
                   for key, (calls, seconds, flops) in operations.rows.items()), reverse=True)
    print('    ms calls GFLOP/s operation and shapes')
    for ms, calls, flops, name, shapes in rows[:args.rows]:
        print(f'{ms:6.2f} {calls:5.0f} {1e-6 * flops * calls / ms:7.0f} {name} {shapes}')
    gflop = 1e-9 * sum(calls * flops for _, calls, flops, *_ in rows)
    counted = sum(ms for ms, _, flops, *_ in rows if flops)
    print(f'step {step:.1f} ms; products and convolutions {counted:.1f} ms for {gflop:.2f} GFLOP; other operations '
          f'{sum(row[0] for row in rows) - counted:.1f} ms')


if __name__ == '__main__':
    main()
