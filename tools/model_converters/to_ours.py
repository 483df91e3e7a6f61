"""Convert a checkpoint of another implementation: ``python tools/model_converters/to_ours.py 150000 ibgan.pth``.

Writes the checkpoint, and beside it (``ibgan.py``) the config of the model that it fits. The layout is recognised.
"""
import argparse
import io
import sys
from pathlib import Path

from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import check_suffix, write_whole


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
    import torch
    from mmengine.config import Config

    from ibgan_plugin.interop.converters import to_ours
    check_suffix(args.out, ('.pth', ))
    checkpoint, model = to_ours(args.source)
    content = io.BytesIO()
    torch.save(checkpoint, content)
    write_whole(args.out, content.getvalue())
    config = args.out.with_suffix('.py')
    Config(dict(model=model)).dump(config)
    print(f'{args.out} (from {checkpoint["meta"]["converted_from"]}), config {config}')


if __name__ == '__main__':
    sys.exit(main())
