"""The training step of two checkouts, in turns: ``python benchmarks/compare_steps.py OTHER [CONFIG] [--rounds N]``.

Each checkout has a process of its own, which builds the step as that checkout's ``bench_step.py`` does. A round is two iterations
of each, of which the second is timed, since the first finds the caches as the other left them. Prints the median CPU times and the
median of the rounds' ratios, this checkout's time over the other's.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def serve(checkout: str, config: str, batch_size: int) -> None:
    """Time an iteration of the step of ``checkout`` for each line on stdin; the CPU milliseconds go to stdout."""
    sys.path[:0] = [str(Path(checkout, 'benchmarks')), checkout]
    import bench_step
    import torch
    torch.set_num_threads(1)
    bench_step.tune_cpu()
    cfg = bench_step.load_config(config)
    model, optim = bench_step.build_ours(cfg)
    batch = bench_step.random_batch(cfg, batch_size)
    for _ in sys.stdin:
        model.train_step(batch, optim)
        start = time.process_time()
        model.train_step(batch, optim)
        print(f'time {1e3 * (time.process_time() - start)}', flush=True)


def start(checkout: Path, config: str, batch_size: int) -> subprocess.Popen:
    """The process of a checkout."""
    command = [sys.executable, '-P', __file__, '--serve', str(checkout), config, '--batch-size', str(batch_size)]
    environment = {**os.environ, 'PYTHONPATH': str(checkout), 'OMP_NUM_THREADS': '1'}
    return subprocess.Popen(command, cwd=checkout, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def measure(process: subprocess.Popen) -> float:
    """CPU milliseconds of one iteration."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write('\n')
    process.stdin.flush()
    return next(float(line.split()[1]) for line in process.stdout if line.startswith('time '))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('other', help='another checkout of this repository')
    parser.add_argument('config', nargs='?', default='ibgan_dsprites', help='name of a config in configs/ibgan')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--rounds', type=int, default=50)
    parser.add_argument('--warm-up', type=int, default=5)
    parser.add_argument('--serve', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.other, args.config, args.batch_size)
        return
    checkouts = dict(other=Path(args.other).resolve(), this=HERE)
    sides = {name: start(path, args.config, args.batch_size) for name, path in checkouts.items()}
    times = [{name: measure(process) for name, process in sides.items()} for _ in range(args.warm_up + args.rounds)][args.warm_up:]
    for process in sides.values():
        process.terminate()
    for name in sides:
        print(f'{name:6} {statistics.median(row[name] for row in times):8.1f} ms CPU a step')
    print(f'this / other {statistics.median(row["this"] / row["other"] for row in times):.3f}')


if __name__ == '__main__':
    main()
