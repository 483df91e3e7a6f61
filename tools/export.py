"""Export a part of a trained model: ``python tools/export.py CONFIG CHECKPOINT --part generator --format onnx --out F``.

``--format safetensors`` writes all weights in half precision, with the config: a file that every tool takes as a model.
"""
import argparse
import sys
from pathlib import Path

from ibgan_plugin.config.options import add_checkpoint_argument, add_config_arguments
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_no_input


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Export a part of a trained model; images are in [-1, 1], the batch size is free')
    add_config_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument('--part', help='generator: r to image; representation: image to r; what else the model '
                        'has: of an IB-GAN encoder: z to mu, logvar, and reconstructor: image to z')
    parser.add_argument('--format', required=True, choices=('onnx', 'torchscript', 'safetensors'),
                        help="onnx needs pip install 'ibgan_plugin[onnx]'")
    parser.add_argument('--out', type=Path, required=True, help='file to write')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Export and compare."""
    args = parse_args(argv)
    from ibgan_plugin.apis import IBGANInferencer
    from ibgan_plugin.apis.export import check_format, export, export_weights
    from ibgan_plugin.config.load import read_config
    from ibgan_plugin.config.zoo import weights_of
    from ibgan_plugin.engine.log import hear_warnings
    hear_warnings()
    check_no_input(args.out, [args.config, args.checkpoint])
    weights = weights_of(args.config, args.checkpoint)
    config = read_config(args.config, args.cfg_options)
    if args.format == 'safetensors':
        if args.part:
            raise IBGANError(f'--format safetensors writes the whole model: leave --part {args.part} out')
        export_weights(config, weights, args.out)
        print(f'{args.out} ({args.out.stat().st_size / 1000:.0f} KB)')
        return
    if not args.part:
        raise IBGANError(f'--format {args.format} writes one part of the model: name it by --part')
    check_format(args.format, args.out)
    difference = export(IBGANInferencer(config, weights, 'cpu').model, args.part, args.format, args.out)
    print(args.out, '(not compared with the model: onnxruntime is missing)' if difference is None
          else f'(differs from the model by at most {difference:.1e})')


if __name__ == '__main__':
    sys.exit(main())
