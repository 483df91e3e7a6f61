"""Prepare a data set once, into an LMDB file under ``data/``: ``python tools/prepare_data.py dsprites``.

What each set needs and where it comes from is in ``data/README.md``. A stopped run goes on where it stopped.
"""
import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.data_root import data_root
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.threads import worker_count

#: Sets of arrays with factors, and where their files lie below the folder of the data sets.
FACTOR_SETS = {'shapes3d': 'shapes3d/3dshapes.h5', 'mpi3d_toy': 'mpi3d/mpi3d_toy.npz',
               'mpi3d_realistic': 'mpi3d/mpi3d_realistic.npz', 'mpi3d_real': 'mpi3d/mpi3d_real.npz',
               'mpi3d_complex': 'mpi3d/real3d_complicated_shapes_ordered.npz',
               'cars3d': 'cars3d/cars', 'smallnorb': 'smallnorb/'}
#: Sets of numbered images of all combinations of factors.
RENDERS = ('falcor3d', 'isaac3d')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='dataset', required=True, metavar='DATASET')
    data = data_root()

    for name, text in (('dsprites', 'draw dSprites, or pack the official npz'),
                       ('cdsprites', 'the same file: colour dSprites are coloured while they are read')):
        command = commands.add_parser(name, help=text)
        command.add_argument('--out', type=Path, default=data / 'dsprites', help='folder of dsprites.lmdb')
        command.add_argument('--npz', type=Path, help='the official file (default: the one in --out, if any; else draw)')
        command.set_defaults(run=prepare_dsprites)

    for name, text in (('celeba', 'its official images, checked'), ('3dchairs', 'its official images, checked'),
                       ('folder', 'any images')):
        command = commands.add_parser(name, help=f'convert {name}: {text}', description=f'Convert {name}: {text}.')
        command.set_defaults(run=prepare_images)
        if name == 'folder':
            command.add_argument('root', type=Path, help='folder, zip or tar file of images')
            command.add_argument('--out', type=Path, required=True, help='LMDB file to make')
            command.add_argument('--factors', type=Path, metavar='TABLE', help='CSV or Parquet file of true factors: a column '
                                 'names the files, the others are factors (docs/own_data.md)')
            command.add_argument('--continuous', nargs='+', default=[], metavar='FACTOR', help='factors that are measurements')
            command.add_argument('--categorical', nargs='+', default=[], metavar='FACTOR', help='factors that are classes')
            command.add_argument('--channels', type=int, help='1 (grey) or 3 (default: 3)')
        else:
            command.add_argument('root', type=Path, nargs='?', default=data / name, help='where the official files are')
            command.add_argument('--out', type=Path, default=data / name / f'{name}.lmdb', help='LMDB file to make')
            command.add_argument('--partial', action='store_true', help='accept any number of images of any size')
        command.add_argument('--crop', help="'none', 'square', 'WxH', 'WxH+LEFT+TOP', or celeba_148, celeba_128, celeba_64 "
                             '(default: the one that is usual for the set)')
        command.add_argument('--quality', type=int, help='of JPEG')
        command.add_argument('--skip-unreadable', action='store_true', help='leave damaged files out instead of stopping')
        _add_output_options(command)

    for name, place in FACTOR_SETS.items():
        command = commands.add_parser(name, help=f'convert {name}: images with factors')
        command.set_defaults(run=prepare_factor_set)
        command.add_argument('root', type=Path, nargs='?', default=data / place,
                             help='the official file or folder (default: %(default)s)')
        command.add_argument('--out', type=Path, default=data / Path(place).parts[0] / f'{name}.lmdb',
                             help='LMDB file to make (default: %(default)s)')
        _add_output_options(command)

    for name in RENDERS:
        command = commands.add_parser(name, help=f'convert {name}: numbered images of all combinations of factors')
        command.set_defaults(run=prepare_renders)
        command.add_argument('root', type=Path, nargs='?', default=data / name / 'images',
                             help='the folder, zip or tar file of the numbered images (default: %(default)s)')
        command.add_argument('--out', type=Path, default=data / name / f'{name}.lmdb', help='LMDB file to make')
        _add_output_options(command)

    for command in commands.choices.values():
        command.add_argument('--force', action='store_true', help='build again if it is there')
    return parser.parse_args(argv)


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be an integer of at least 1, got {text!r}')
    return int(text)


def _add_output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument('--size', type=int, help='side of the images (default: 64)')
    command.add_argument('--encoding', help='raw: as they are; png: smaller, slower to read; jpeg: smallest, not exact '
                         '(default: the one that is usual for the set)')
    command.add_argument('--workers', type=_workers, default=worker_count(),
                         help='threads (default: %(default)s, one for each core that nobody else uses)')


def _changed(recipe: Any, args: argparse.Namespace) -> Any:
    """The usual recipe of a set with what the command line asks for instead."""
    keys = ('crop', 'size', 'encoding', 'quality', 'channels')
    return dataclasses.replace(recipe, **{key: getattr(args, key) for key in keys if getattr(args, key, None) is not None})


def prepare_dsprites(args: argparse.Namespace) -> str:
    """Build ``dsprites.lmdb`` and check what was written."""
    from ibgan_plugin.datasets.dsprites.build import KIND, prepare
    from ibgan_plugin.datasets.store.reader import LMDBReader
    path = prepare(args.out, args.npz, args.force)
    reader = LMDBReader(path, KIND)
    reader.verify()
    return (f'{path}: {reader.metadata["layout"]["images"]:,} images in {path.stat().st_size:,} bytes, '
            f'{reader.metadata["source"]}, checksum verified')


def prepare_images(args: argparse.Namespace) -> str:
    """Convert image files."""
    from ibgan_plugin.datasets.prepare import celeba, chairs, folder
    from ibgan_plugin.datasets.prepare.run import run
    usual = {'celeba': celeba.RECIPE, '3dchairs': chairs.RECIPE, 'folder': folder.RECIPE}[args.dataset]
    recipe = _changed(usual, args)
    if getattr(args, 'partial', False):
        recipe = dataclasses.replace(recipe, expected=None)
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
    from ibgan_plugin.datasets.prepare.convert import Recipe
    from ibgan_plugin.datasets.prepare.factor_sets import FACTOR_SETS
    from ibgan_plugin.datasets.prepare.run import run
    recipe = _changed(Recipe(encoding='png'), args)
    job = FACTOR_SETS[args.dataset].job(args.root, recipe.encoding, recipe.size, args.workers)
    return run(args.out, job, overwrite=args.force)


def prepare_renders(args: argparse.Namespace) -> str:
    """Convert numbered images of all combinations of factors."""
    from ibgan_plugin.datasets.prepare import renders
    from ibgan_plugin.datasets.prepare.run import run
    conversion, job = renders.job(args.dataset, args.root, _changed(renders.RECIPE, args), args.workers)
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
