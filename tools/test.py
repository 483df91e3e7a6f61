"""Compute the test metrics of a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``.

Prints a table and writes ``scores.json`` and ``scores.csv`` into the work directory.
"""
import argparse
import sys

from mmengine.dist import is_main_process

from ibgan_plugin.config.options import LAUNCHERS, ConfigOptions
from ibgan_plugin.config.zoo import weights_of
from ibgan_plugin.engine.launch import build_runner, load_run_config
from ibgan_plugin.evaluation.report import format_rows, score_rows, write_scores
from ibgan_plugin.utils.cli import one_clear_message


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Compute the test metrics of a checkpoint')
    parser.add_argument('config', help='config file, or name of a model of the zoo')
    parser.add_argument('checkpoint', nargs='?', help='checkpoint file; default: the weights that come with the named model')
    parser.add_argument('--work-dir', help='where logs and scores go; default: work_dirs/<config name>')
    parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions, metavar='KEY=VALUE', help='replace config values')
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='how the processes were started')
    parser.add_argument('--seed', type=int, help='seed of everything random')
    parser.add_argument('--device', metavar='cpu|cuda|cuda:N', help='default: CUDA where available')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Test."""
    args = parse_args(argv)
    cfg = load_run_config(args.config, args.work_dir, args.cfg_options, args.seed, args.launcher,
                          checkpoint=weights_of(args.config, args.checkpoint), device=args.device)
    runner = build_runner(cfg)
    rows = score_rows(runner.test(), runner.test_evaluator.metrics)
    if is_main_process():
        print(format_rows(rows))
        write_scores(rows, cfg.work_dir)


if __name__ == '__main__':
    sys.exit(main())
