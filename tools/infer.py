"""Use a trained model: ``python tools/infer.py traverse CONFIG CHECKPOINT --out traversal.gif``."""
import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ibgan_plugin.config.options import add_checkpoint_argument, add_config_arguments, add_device_argument
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_name, check_no_input, check_suffix


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Use a trained model')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')

    command = _add(commands, 'sample', draw_sample, ('.png', ), 'a grid of generated images')
    command.add_argument('--num', type=int, default=64, help='number of images (default: %(default)s)')
    command.add_argument('--columns', type=int, default=8, help='images a row (default: %(default)s)')
    command.add_argument('--seed', type=int, default=0, help='of the codes (default: %(default)s)')

    command = _add(commands, 'traverse', draw_traversal, ('.png', '.gif', '.mp4'), 'what each dimension of r does')
    around = command.add_mutually_exclusive_group()
    around.add_argument('--image', nargs='+', metavar='IMAGE', help='images around which to go, side by side (default: the centre '
                        'of the prior)')
    around.add_argument('--code', nargs='+', metavar='R', help="representations around which to go, side by side: lists such as "
                        "'[0.5, -1, 0]', as the explorer copies them")
    command.add_argument('--steps', type=int, default=11, help='images a dimension (default: %(default)s)')
    command.add_argument('--limit', type=float, default=2.0, help='end of the range, in standard deviations of the prior, '
                         'within its support (default: %(default)s)')
    command.add_argument('--seed', type=int, default=0, help='of the KL estimate (default: %(default)s)')
    command.add_argument('--active-only', action='store_true', help='leave inactive dimensions out')
    command.add_argument('--factors', action='store_true', help='name the factor that each dimension follows, told from the data '
                         'set of the config')

    command = _add(commands, 'encode', encode, ('.npz', '.csv'), 'the representations of images, or of a data set', 'images')
    command.add_argument('--split', choices=('train', 'val', 'test'), help="the config's data set in place of images; with true "
                         'factors the file is what evaluate_codes and compare_runs read')
    command.add_argument('--num', type=int, help='so many of its images, drawn at random, the same every time (default: all)')
    command.add_argument('--batch-size', type=int, default=64, help='images at once (default: %(default)s)')

    command = _add(commands, 'interpolate', interpolate, ('.png', '.gif', '.mp4'), 'from one image to another', 'first', 'second')
    command.add_argument('--steps', type=int, default=11, help='images in all (default: %(default)s)')

    command = _add(commands, 'swap', swap, ('.png', ), 'two images with some dimensions of r exchanged', 'first', 'second')
    command.add_argument('--dims', type=int, nargs='+', required=True, help='the dimensions')
    return parser.parse_args(argv)


def _add(commands: argparse._SubParsersAction, name: str, run: Callable, suffixes: tuple[str, ...], text: str,
         *images: str) -> argparse.ArgumentParser:
    """A command with the arguments that all share."""
    command = commands.add_parser(name, help=text)
    add_config_arguments(command)
    add_checkpoint_argument(command)
    for image in images:
        command.add_argument(image, **(dict(nargs='*', help='image files, or a folder') if image == 'images'
                                       else dict(help='image file')))  # type: ignore[arg-type]
    command.add_argument('--out', type=Path, required=True, help=f'file to write, {" or ".join(suffixes)}')
    add_device_argument(command)
    if name != 'sample':
        command.add_argument('--crop', default='none', help="what to cut out of images before resizing, such as 'square' or "
                             "'celeba_148' (default: none, they have the model's size)")
    else:
        command.set_defaults(crop='none')
    if '.png' in suffixes:
        command.add_argument('--scale', type=int, help='pixels of the picture for one of an image (default: 1, or more where they '
                             'are small)')
    command.set_defaults(run=run, suffixes=suffixes)
    return command


def draw_sample(inferencer: Any, args: argparse.Namespace) -> None:
    """Generated images."""
    from ibgan_plugin.visualization.grids import image_grid, write_png
    from ibgan_plugin.visualization.table import chosen_scale, enlarge
    imgs = inferencer.sample(args.num, args.seed)
    write_png(args.out, image_grid(enlarge(imgs, chosen_scale(args.scale, imgs.shape[1])), args.columns))


def draw_traversal(inferencer: Any, args: argparse.Namespace) -> None:
    """One row, or one moving image, a dimension."""
    from ibgan_plugin.apis.dataset import followed_factors
    from ibgan_plugin.apis.inferencer import read_representation
    from ibgan_plugin.apis.output import write_traversal
    points = args.image or [read_representation(text) for text in args.code or ()] or [None]
    traversals = [inferencer.traverse(args.steps, args.limit, point, args.seed) for point in points]
    factors = followed_factors(inferencer.cfg, inferencer.model) if args.factors else None
    inputs = inferencer.load(args.image) if args.image else None
    write_traversal(args.out, traversals, title=inferencer.name, inputs=inputs, factors=factors, leave_out=args.active_only,
                    scale=args.scale)


def encode(inferencer: Any, args: argparse.Namespace) -> None:
    """A table of representations."""
    from ibgan_plugin.apis.encoding import encode_split
    from ibgan_plugin.apis.images import list_images
    from ibgan_plugin.apis.output import write_codes
    if args.split:
        if args.images:
            raise IBGANError(f'--split encodes a data set: name no images, got {args.images}')
        if args.crop != 'none':
            raise IBGANError(f"--crop {args.crop}: a data set's images are cropped as its config says, files by --crop")
        encode_split(inferencer, args.split, args.out, args.num, args.batch_size)
        return
    if not args.images:
        raise IBGANError('encode needs images, or --split train, val or test')
    if args.num is not None:
        raise IBGANError(f'--num {args.num} is of the images of a data set: it goes with --split')
    files = [file for path in args.images for file in list_images(path)]
    for file in files:
        check_name(str(file))
    write_codes(args.out, [str(file) for file in files], inferencer.encode(files, args.batch_size))


def interpolate(inferencer: Any, args: argparse.Namespace) -> None:
    """A row, or a moving image."""
    from ibgan_plugin.apis.output import write_interpolation
    imgs = inferencer.interpolate(args.first, args.second, args.steps)
    write_interpolation(args.out, imgs, inferencer.load([args.first, args.second]), args.scale)


def swap(inferencer: Any, args: argparse.Namespace) -> None:
    """The pair, what is decoded of it, and that with dimensions exchanged."""
    from ibgan_plugin.apis.output import write_swap
    imgs = inferencer.swap(args.first, args.second, args.dims)
    write_swap(args.out, imgs, inferencer.load([args.first, args.second]), args.dims, args.scale)


def _files_read(args: argparse.Namespace) -> list[str | None]:
    """What the command line names that is read."""
    given = vars(args)
    return [args.config, args.checkpoint, given.get('first'), given.get('second'), *(given.get('images') or ()),
            *(given.get('image') or ())]


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Run one command."""
    args = parse_args(argv)
    from ibgan_plugin.apis import IBGANInferencer
    from ibgan_plugin.config.load import read_config
    from ibgan_plugin.config.zoo import weights_of
    check_suffix(args.out, args.suffixes)
    check_no_input(args.out, _files_read(args))
    if args.command == 'encode' and args.checkpoint and Path(args.checkpoint).suffix not in ('.pth', '.safetensors'):
        args.checkpoint, args.images = None, [args.checkpoint, *args.images]  # a named model: the next word is an image
    weights = weights_of(args.config, args.checkpoint)
    config = read_config(args.config, args.cfg_options)
    args.run(IBGANInferencer(config, weights, args.device, args.crop), args)
    print(args.out)


if __name__ == '__main__':
    sys.exit(main())
