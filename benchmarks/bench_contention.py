"""An iteration of training alone and beside busy processes: ``python benchmarks/bench_contention.py [CONFIG] [--busy 0 2]``.

``--tool tools/evaluate_codes.py codes.npz`` times a whole run of another tool instead; paths start at the repository's root.

Each measurement is ``tools/train.py`` as a user starts it, for some iterations; the first ones are left out. ``spinning`` is what
OpenMP does by itself: a thread a core, which spin at their barriers (``OMP_NUM_THREADS`` and ``GOMP_SPINCOUNT`` as GNU's runtime
has them by default). ``sleeping`` are as many that sleep there at once, ``one`` is a single thread. ``ours`` is what the tools
choose (``ibgan_plugin.utils.threads``). Busy processes count in a loop. The variants take turns; times are medians of the
iterations' wall time, CPU time is that of the whole process a trained iteration.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Iterations that are not counted: the first ones allocate.
WARM_UP = 5


def variants() -> dict[str, dict[str, str]]:
    """Environment of each variant."""
    cores = len(os.sched_getaffinity(0))
    return {'spinning': {'OMP_NUM_THREADS': str(cores), 'GOMP_SPINCOUNT': '300000'},
            'sleeping': {'OMP_NUM_THREADS': str(cores), 'GOMP_SPINCOUNT': '300'}, 'one': {'OMP_NUM_THREADS': '1'}, 'ours': {}}


def run(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU milliseconds of a tool, started as a user does."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(('OMP_', 'GOMP_', 'KMP_', 'IBGAN_CHOSE'))}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], env=clean | environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * wall, 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def measure(config: str, environment: dict[str, str], iterations: int, options: list[str]) -> tuple[float, float]:
    """Median wall and mean CPU milliseconds of an iteration."""
    with tempfile.TemporaryDirectory() as folder:
        _, cpu = run(['tools/train.py', str(Path(config).resolve()), '--work-dir', folder, '--cfg-options', *options,
                      f'train_cfg.max_iters={iterations}', 'train_cfg.val_interval=1000000', 'train_cfg.val_begin=1000000',
                      'default_hooks.logger.interval=1', 'log_processor.window_size=1'], environment)
        lines = next(Path(folder).glob('*/vis_data/scalars.json')).read_text().splitlines()
    times = [scalars['time'] for scalars in map(json.loads, lines) if 'time' in scalars][WARM_UP:]
    return 1e3 * statistics.median(times), cpu / iterations


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default=str(ROOT / 'configs/ibgan/ibgan_quick_dsprites.py'))
    parser.add_argument('--busy', type=int, nargs='+', default=[0, 2], help='numbers of busy processes; default: 0 2')
    parser.add_argument('--iterations', type=int, default=40)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--cfg-options', nargs='*', default=[])
    parser.add_argument('--tool', nargs=argparse.REMAINDER, help='a tool and its arguments, the last of the options')
    args = parser.parse_args()
    results: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(args.rounds):
        for busy in args.busy:
            others = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(busy)]
            try:
                for name, environment in variants().items():
                    pair = (run(args.tool, environment) if args.tool else
                            measure(args.config, environment, args.iterations, args.cfg_options))
                    results.setdefault((name, busy), []).append(pair)
            finally:
                for other in others:
                    other.kill()
                    other.wait()  # here, so that its CPU time is not counted as the next tool's
    print('| threads | busy processes | ms | times alone | CPU ms, start included |')
    print('|---|---|---|---|---|')
    for (name, busy), pairs in results.items():
        wall, cpu = (statistics.median(values) for values in zip(*pairs, strict=True))
        alone = statistics.median(pair[0] for pair in results[name, args.busy[0]])
        print(f'| {name} | {busy} | {wall:.0f} | {wall / alone:.1f} | {cpu:.0f} |')


if __name__ == '__main__':
    main()
