"""Convert a checkpoint for another implementation: ``python tools/model_converters/from_ours.py iter_150000.pth 150000``."""
import argparse
import sys
from pathlib import Path

from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import write_torch


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Convert one of our checkpoints for another implementation: the weights alone')
    parser.add_argument('source', type=Path, help='our checkpoint')
    parser.add_argument('out', type=Path, help='checkpoint to write')
    parser.add_argument('--layout', default='published', help='the other implementation (default: %(default)s)')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Convert."""
    args = parse_args(argv)
    from ibgan_plugin.interop.converters import from_ours
    write_torch(args.out, from_ours(args.source, args.layout))
    print(args.out)


if __name__ == '__main__':
    sys.exit(main())
