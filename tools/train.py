"""Train a model: ``python tools/train.py CONFIG``."""
import argparse
import sys

from ibgan_plugin.config.options import AMP_TYPES, LAUNCHERS, ConfigOptions
from ibgan_plugin.engine.hooks.preemption import PREEMPTED_EXIT_CODE
from ibgan_plugin.engine.launch import build_runner, load_run_config
from ibgan_plugin.utils.cli import one_clear_message


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Train a model')
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='where logs, pictures and checkpoints go; default: work_dirs/<config name>')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='auto|PATH',
                        help='go on from the newest checkpoint in the work directory, or from a checkpoint file')
    parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions, metavar='KEY=VALUE',
                        help='replace config values, e.g. train_cfg.max_iters=200')
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='how the processes were started')
    parser.add_argument('--amp', nargs='?', const='fp16', choices=AMP_TYPES, help='mixed precision (CUDA only); default: fp16')
    parser.add_argument('--seed', type=int, help='seed of everything random')
    parser.add_argument('--device', metavar='cpu|cuda|cuda:N', help='default: CUDA where available')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> int:
    """Train."""
    args = parse_args(argv)
    cfg = load_run_config(args.config, args.work_dir, args.cfg_options, args.seed, args.launcher, args.amp, args.resume,
                          device=args.device)
    runner = build_runner(cfg)
    runner.train()
    return PREEMPTED_EXIT_CODE if runner.preempted else 0


if __name__ == '__main__':
    sys.exit(main())
