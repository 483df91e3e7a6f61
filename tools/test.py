"""Compute the test metrics of a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``.

Prints a table and writes ``scores.json`` and ``scores.csv`` into the work directory.
"""
import argparse
import sys

from mmengine.dist import is_main_process

from ibgan_plugin.config.options import add_config_arguments, add_run_arguments
from ibgan_plugin.config.zoo import weights_of
from ibgan_plugin.engine.launch import build_runner, load_run_config
from ibgan_plugin.engine.log import hear_warnings
from ibgan_plugin.evaluation.report import format_rows, score_rows, write_scores
from ibgan_plugin.utils.cli import one_clear_message


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Compute the test metrics of a checkpoint')
    add_config_arguments(parser)
    parser.add_argument('checkpoint', nargs='?', help='checkpoint file; default: the weights that come with the named model')
    add_run_arguments(parser)
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> int:
    """Test."""
    args = parse_args(argv)
    hear_warnings()
    cfg = load_run_config(args.config, args.work_dir, args.cfg_options, args.seed, args.launcher,
                          checkpoint=weights_of(args.config, args.checkpoint), device=args.device)
    if args.print_config:
        print(cfg.pretty_text)
        return 0
    runner = build_runner(cfg)
    rows = score_rows(runner.test(), runner.test_evaluator.metrics)
    if is_main_process():
        print(format_rows(rows))
        write_scores(rows, cfg.work_dir)
    return 0


if __name__ == '__main__':
    sys.exit(main())
