"""Convert a checkpoint of another implementation: ``python tools/model_converters/to_ours.py 150000 ibgan.pth``.

Writes the checkpoint, and beside it (``ibgan.py``) the config of the model that it fits. The layout is recognised.
"""
import argparse
import sys
from pathlib import Path

from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import check_suffix, write_torch, write_whole


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Convert a checkpoint of another implementation of IB-GAN')
    parser.add_argument('source', type=Path, help='checkpoint of the other implementation')
    parser.add_argument('out', type=Path, help='checkpoint to write, *.pth; its config is written beside it')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Convert."""
    args = parse_args(argv)
    from mmengine.config import Config

    from ibgan_plugin.interop.converters import to_ours
    check_suffix(args.out, ('.pth', ))
    checkpoint, model = to_ours(args.source)
    write_torch(args.out, checkpoint)
    config = args.out.with_suffix('.py')
    write_whole(config, Config(dict(model=model)).pretty_text)
    print(f'{args.out} (from {checkpoint["meta"]["converted_from"]}), config {config}')


if __name__ == '__main__':
    sys.exit(main())
