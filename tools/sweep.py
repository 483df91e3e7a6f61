"""Seeds x options as one table: ``python tools/sweep.py CONFIG --seeds 0 1 2 --grid model.kl_loss.beta=0.07,0.141``.

Trains, tests and encodes every run below ``--work-dir`` (one thread each on this machine, or through Slurm) and writes
``sweep.csv`` and ``sweep.md``, with mean and std over the seeds. Started again, it goes on: what is done is skipped, what was
stopped is resumed. The exit code is 1 if a run failed.
"""
import argparse
import sys
from pathlib import Path

from ibgan_plugin.config.options import ConfigOptions, GridOptions
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.threads import worker_count


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG', help='config files, or names of models of the zoo')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='default: 0 1 2')
    parser.add_argument('--grid', nargs='+', action=GridOptions, default={}, metavar='KEY=VALUE,VALUE',
                        help='values to try, all with all')
    parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions, default={}, metavar='KEY=VALUE',
                        help='values for all runs')
    parser.add_argument('--work-dir', help='default: work_dirs/sweep_<config name>')
    parser.add_argument('--workers', type=int,
                        help='runs at once; default: as many as there are free cores, with Slurm 2')
    parser.add_argument('--cluster', choices=('local', 'slurm'), default='local', help='default: local')
    parser.add_argument('--partition', help="Slurm's partition")
    parser.add_argument('--gpus', type=int, default=0, help='GPUs a run, with Slurm; default: 0')
    parser.add_argument('--hours', type=float, default=24 * 30, help='after so many a run is ended; default: 720')
    parser.add_argument('--dry-run', action='store_true', help='print the runs and their state, and end')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> int:
    """Run the sweep."""
    args = parse_args(argv)
    workers = (2 if args.cluster == 'slurm' else worker_count()) if args.workers is None else args.workers
    if workers < 1:
        raise IBGANError(f'--workers must be at least 1, got {args.workers}')
    if args.gpus < 0:
        raise IBGANError(f'--gpus must be at least 0, got {args.gpus}')
    if args.work_dir is not None and not args.work_dir.strip():
        raise IBGANError('--work-dir must name a folder, got an empty name')
    if args.cluster == 'local' and (args.gpus or args.partition):
        raise IBGANError('--gpus and --partition are of Slurm: they go with --cluster slurm')
    from rich.console import Console

    from ibgan_plugin.apis.sweep.execute import execute, make_executor
    from ibgan_plugin.apis.sweep.plan import make_plan
    from ibgan_plugin.apis.sweep.table import collect, format_markdown, write_table
    from ibgan_plugin.engine.log import hear_warnings
    hear_warnings()

    folder = args.work_dir or Path('work_dirs') / f'sweep_{Path(args.configs[0]).stem}'
    plan = make_plan(args.configs, folder, args.seeds, args.grid, args.cfg_options)
    if args.dry_run:
        print('\n'.join(f'{run.name}: {"done" if run.record() else "to do"}' for run in plan.runs))
        return 0
    slurm = dict(partition=args.partition, gpus_per_node=args.gpus) if args.cluster == 'slurm' else {}
    executor = make_executor(plan.folder, args.cluster, args.hours, workers, **slurm)
    failed = execute(plan, executor, workers if args.cluster == 'local' else None, Console())
    rows = collect(plan, list(failed))
    print('\n' + format_markdown(rows), end='')
    print('\n'.join(f'written: {path}' for path in write_table(rows, plan.folder)))
    for name, lines in failed.items():
        print(f'\nfailed: {name}\n{lines}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
