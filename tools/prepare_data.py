"""Prepare a data set once, into an LMDB file under ``data/``: ``python tools/prepare_data.py dsprites``.

What each set needs and where it comes from is in ``data/README.md``. A stopped run goes on where it stopped.
"""
import argparse
import dataclasses
import os
import sys
from pathlib import Path

from ibgan_plugin.datasets.codec import ENCODINGS
from ibgan_plugin.datasets.dsprites.build import KIND, prepare
from ibgan_plugin.datasets.prepare import celeba, chairs, folder, renders
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.datasets.prepare.factor_sets import FACTOR_SETS
from ibgan_plugin.datasets.prepare.run import run
from ibgan_plugin.datasets.store.reader import LMDBReader
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError

#: Folder below ``data/`` of the files of a set, where it is not called like the set.
FOLDERS = {name: 'mpi3d' for name in FACTOR_SETS if name.startswith('mpi3d')}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='dataset', required=True, metavar='DATASET')

    for name, text in (('dsprites', 'draw dSprites, or pack the official npz'),
                       ('cdsprites', 'the same file: colour dSprites are coloured while they are read')):
        command = commands.add_parser(name, help=text)
        command.add_argument('--out', type=Path, default=Path('data/dsprites'), help='folder of dsprites.lmdb')
        command.add_argument('--npz', type=Path, help='the official file (default: the one in --out, if any; else draw)')
        command.set_defaults(run=prepare_dsprites)

    for name, recipe, text in (('celeba', celeba.RECIPE, _official(celeba.COUNT, celeba.SIZE)),
                               ('3dchairs', chairs.RECIPE, _official(chairs.COUNT, chairs.SIZE)),
                               ('folder', folder.RECIPE, 'any images')):
        command = commands.add_parser(name, help=f'convert {name}: {text}', description=f'Convert {name}: {text}.')
        command.set_defaults(run=prepare_images, recipe=recipe)
        if name == 'folder':
            command.add_argument('root', type=Path, help='folder, zip or tar file of images')
            command.add_argument('--out', type=Path, required=True, help='LMDB file to make')
            command.add_argument('--factors', type=Path, metavar='TABLE', help='CSV or Parquet file of true factors: a column '
                                 'names the files, the others are factors (docs/own_data.md)')
            command.add_argument('--continuous', nargs='+', default=[], metavar='FACTOR', help='factors that are measurements')
            command.add_argument('--categorical', nargs='+', default=[], metavar='FACTOR', help='factors that are classes')
            command.add_argument('--channels', type=int, default=recipe.channels, help='1 (grey) or 3')
        else:
            command.add_argument('root', type=Path, nargs='?', default=Path('data') / name, help='where the official files are')
            command.add_argument('--out', type=Path, default=Path('data', name, f'{name}.lmdb'), help='LMDB file to make')
            command.add_argument('--partial', action='store_true', help='accept any number of images of any size')
        command.add_argument('--crop', default=recipe.crop, help="'none', 'square', 'WxH', 'WxH+LEFT+TOP', or celeba_148, "
                             'celeba_128, celeba_64 (default: %(default)s)')
        command.add_argument('--quality', type=int, default=recipe.quality, help='of JPEG (default: %(default)s)')
        command.add_argument('--skip-unreadable', action='store_true', help='leave damaged files out instead of stopping')
        _add_output_options(command, recipe)

    for name, factor_set in FACTOR_SETS.items():
        command = commands.add_parser(name, help=f'convert {name}, {len(factor_set.grid):,} images with factors')
        command.set_defaults(run=prepare_factor_set)
        place = Path('data', FOLDERS.get(name, name))
        command.add_argument('root', type=Path, nargs='?', default=place / factor_set.file,
                             help='the official file or folder (default: %(default)s)')
        command.add_argument('--out', type=Path, default=place / f'{name}.lmdb', help='LMDB file to make (default: %(default)s)')
        _add_output_options(command, Recipe(encoding='png'))

    for name, grid in renders.RENDERS.items():
        command = commands.add_parser(name, help=f'convert {name}, {len(grid):,} images with factors')
        command.set_defaults(run=prepare_renders)
        command.add_argument('root', type=Path, nargs='?', default=Path('data', name, 'images'),
                             help='the folder, zip or tar file of the numbered images (default: %(default)s)')
        command.add_argument('--out', type=Path, default=Path('data', name, f'{name}.lmdb'), help='LMDB file to make')
        _add_output_options(command, renders.RECIPE)

    for command in commands.choices.values():
        command.add_argument('--force', action='store_true', help='build again if it is there')
    return parser.parse_args(argv)


def _official(count: int, size: tuple[int, int]) -> str:
    return f'{count:,} images of {size[0]}x{size[1]} pixels, checked'


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be an integer of at least 1, got {text!r}')
    return int(text)


def _add_output_options(command: argparse.ArgumentParser, recipe: Recipe) -> None:
    command.add_argument('--size', type=int, default=recipe.size, help='side of the images (default: %(default)s)')
    command.add_argument('--encoding', choices=ENCODINGS, default=recipe.encoding,
                         help='; '.join(f'{name}: {text}' for name, text in ENCODINGS.items()) + ' (default: %(default)s)')
    command.add_argument('--workers', type=_workers, default=os.cpu_count() or 1, help='threads (default: %(default)s)')


def prepare_dsprites(args: argparse.Namespace) -> str:
    """Build ``dsprites.lmdb`` and check what was written."""
    path = prepare(args.out, args.npz, args.force)
    reader = LMDBReader(path, KIND)
    reader.verify()
    return (f'{path}: {reader.metadata["layout"]["images"]:,} images in {path.stat().st_size:,} bytes, '
            f'{reader.metadata["source"]}, checksum verified')


def prepare_images(args: argparse.Namespace) -> str:
    """Convert image files."""
    changes = {name: vars(args)[name] for name in ('crop', 'size', 'encoding', 'quality', 'channels') if name in args}
    if getattr(args, 'partial', False):
        changes['expected'] = None
    recipe = dataclasses.replace(args.recipe, **changes)
    if args.dataset == 'folder':
        if args.factors is None and args.continuous + args.categorical:
            raise IBGANError('--continuous and --categorical say what factors are: give their table with --factors')
        conversion, job = folder.job(args.root, recipe, args.workers, args.skip_unreadable, '', args.factors, args.continuous,
                                     args.categorical)
    else:
        make = celeba.job if args.dataset == 'celeba' else chairs.job
        conversion, job = make(args.root, recipe, args.workers, args.skip_unreadable, args.partial)
    return run(args.out, job, conversion, args.force)


def prepare_factor_set(args: argparse.Namespace) -> str:
    """Convert a set of arrays with factors."""
    job = FACTOR_SETS[args.dataset].job(args.root, args.encoding, args.size, args.workers)
    return run(args.out, job, overwrite=args.force)


def prepare_renders(args: argparse.Namespace) -> str:
    """Convert numbered images of all combinations of factors."""
    recipe = dataclasses.replace(renders.RECIPE, size=args.size, encoding=args.encoding)
    conversion, job = renders.job(args.dataset, args.root, recipe, args.workers)
    return run(args.out, job, conversion, args.force)


@one_clear_message
def main(argv: list[str] | None = None) -> int:
    """Run."""
    args = parse_args(argv)
    try:
        print(args.run(args))
    except KeyboardInterrupt:
        print('\nstopped; run it again to go on where it was', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
