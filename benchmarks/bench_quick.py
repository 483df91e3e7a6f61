"""Train one config with many seeds, numbers of threads and ways of rounding, and print what its samples look like as a table.

``python benchmarks/bench_quick.py configs/ibgan/ibgan_quick_dsprites.py --seeds 0 1 2 --threads 1 2 --out work_dirs/bench_quick``

Each run is ``tools/train.py`` in a process of its own. Runs that have ended are not trained again and a run that was killed is
resumed, so the command goes on where it was stopped. ``--rounding`` stands for other processors: ``avx2`` keeps oneDNN and ATen
from AVX-512 and AMX, ``sse41`` from AVX.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from ibgan_plugin.apis.inferencer import IBGANInferencer
from ibgan_plugin.models.base import active_dims
from ibgan_plugin.visualization.grids import image_grid, write_png
from ibgan_plugin.visualization.resemblance import statistics

ROUNDING = dict(default={}, avx2=dict(ONEDNN_MAX_CPU_ISA='AVX2', ATEN_CPU_CAPABILITY='avx2'),
                sse41=dict(ONEDNN_MAX_CPU_ISA='SSE41', ATEN_CPU_CAPABILITY='default'))
SCORE = 'factor_vae/eval_accuracy'
COLUMNS = ('seed', 'threads', 'rounding', 'white_percent', 'variety', 'lower_bound', 'upper_bound', 'active', 'score', 'warned',
           'cpu_minutes')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--threads', type=int, nargs='+', default=[1])
    parser.add_argument('--rounding', choices=ROUNDING, nargs='+', default=['default'])
    parser.add_argument('--out', type=Path, default=Path('work_dirs/bench_quick'), help='folder (default: %(default)s)')
    parser.add_argument('--amp', choices=('bf16', ), help='as of tools/train.py')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='passed on to tools/train.py')
    return parser.parse_args()


def train(config: str, work_dir: Path, seed: int, threads: int, rounding: str, options: list[str],
          amp: str | None) -> None:
    """Train to the end in a process of its own, from where an earlier one was killed; notes its processor time."""
    command = [sys.executable, 'tools/train.py', config, '--seed', str(seed), '--work-dir', str(work_dir), '--device', 'cpu',
               '--resume', *(['--amp', amp] if amp else []), *(['--cfg-options', *options] if options else [])]
    work_dir.mkdir(parents=True, exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(work_dir / 'output.txt', 'a') as output:
        subprocess.run(command, check=True, stdout=output, stderr=subprocess.STDOUT,
                       env={**os.environ, **ROUNDING[rounding], 'OMP_NUM_THREADS': str(threads)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (work_dir / 'cpu_minutes.txt').write_text(f'{seconds / 60:.1f}')


def look_at(config: str, work_dir: Path) -> dict[str, float]:
    """Share of white pixels in 1,000 samples, variety of 512 of them, bounds in nats, active dimensions, score, whether it warned.

    Bounds and score are the newest in the log. Leaves a contact sheet of 64 samples.
    """
    checkpoint = work_dir / (work_dir / 'last_checkpoint').read_text().strip().rpartition('/')[2]
    inferencer = IBGANInferencer(config, checkpoint, device='cpu')
    samples = inferencer.sample(1000)
    write_png(work_dir / 'sheet.png', image_grid(samples[:64], 16))
    kl = inferencer.traverse(steps=2).kl or []
    newest: dict[str, float] = {}
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            newest |= json.loads(line)
    lower, upper, score = (round(newest.get(key, float('nan')), 3) for key in ('mi_lower_bound', 'mi_upper_bound', SCORE))
    imgs = torch.from_numpy(samples[:512]).movedim(-1, 1).float() / 127.5 - 1
    warned = 'DO NOT TRUST' in (work_dir / 'output.txt').read_text()
    return dict(white_percent=round(100 * float(np.mean(samples > 127)), 2), variety=round(statistics(imgs).variety, 2),
                warned='yes' if warned else 'no', active=active_dims(kl),
                lower_bound=lower, upper_bound=upper, score=score)


def main() -> None:
    """Run what is missing, and print the table."""
    args = parse_args()
    print('| ' + ' | '.join(COLUMNS) + ' |\n|' + '---|' * len(COLUMNS), flush=True)
    for rounding in args.rounding:
        for threads in args.threads:
            for seed in args.seeds:
                work_dir = args.out / f'seed{seed}_threads{threads}_{rounding}'
                if not (work_dir / 'cpu_minutes.txt').exists():
                    train(args.config, work_dir, seed, threads, rounding, args.cfg_options, args.amp)
                row = dict(seed=seed, threads=threads, rounding=rounding, **look_at(args.config, work_dir),
                           cpu_minutes=(work_dir / 'cpu_minutes.txt').read_text())
                print('| ' + ' | '.join(str(row[key]) for key in COLUMNS) + ' |', flush=True)


if __name__ == '__main__':
    main()
