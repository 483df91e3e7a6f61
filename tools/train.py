"""Train a model: ``python tools/train.py CONFIG``."""
import argparse
import sys

from ibgan_plugin.config.options import AMP_WRAPPERS, add_config_arguments, add_run_arguments
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Train a model')
    add_config_arguments(parser)
    parser.add_argument('--resume', nargs='?', const='auto', metavar='auto|PATH',
                        help='go on from the newest checkpoint in the work directory, or from a checkpoint file')
    parser.add_argument('--load-from', metavar='PATH', help='start a new run with the weights of a checkpoint')
    parser.add_argument('--non-strict', action='store_true',
                        help='with --load-from: leave out weights that do not fit the model, and list them')
    parser.add_argument('--overwrite', action='store_true', help='remove what another run has left in the work directory')
    parser.add_argument('--amp', nargs='?', const='fp16', choices=AMP_WRAPPERS,
                        help='mixed precision: fp16 (the default) on CUDA, bf16 also on CPUs that have it')
    add_run_arguments(parser)
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> int:
    """Train."""
    args = parse_args(argv)
    from ibgan_plugin.engine.hooks.preemption import PREEMPTED_EXIT_CODE
    from ibgan_plugin.engine.launch import build_runner, load_run_config
    from ibgan_plugin.engine.log import hear_warnings
    hear_warnings()
    if args.non_strict and not args.load_from:
        raise IBGANError('--non-strict says how weights of --load-from are taken: give that too')
    cfg = load_run_config(args.config, args.work_dir, args.cfg_options, args.seed, args.launcher, args.amp, args.resume,
                          device=args.device, load_from=args.load_from, strict=not args.non_strict, overwrite=args.overwrite,
                          claim=not args.print_config)
    if args.print_config:
        print(cfg.pretty_text)
        return 0
    runner = build_runner(cfg)
    runner.train()
    return PREEMPTED_EXIT_CODE if runner.preempted else 0


if __name__ == '__main__':
    sys.exit(main())
