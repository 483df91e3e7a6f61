"""Draw what runs logged: ``python tools/analysis/plot_curves.py RUN... --out curves.png``.

A run is a work directory. Runs of one config are drawn together: a line each, their mean and their standard deviation.
"""
import argparse
import sys
from pathlib import Path

from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import check_suffix


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Draw what runs logged: bounds, KL, losses, schedules and scores over iterations')
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work directory')
    parser.add_argument('--out', type=Path, default=Path('curves.png'), help='.png or .svg file to write (default: %(default)s)')
    parser.add_argument('--keys', nargs='+', metavar='REGEX',
                        help="scalars to draw instead, a panel an expression, such as 'loss_gen' 'kl/.*' (default: what matters)")
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Draw."""
    args = parse_args(argv)
    from ibgan_plugin.apis.run_dir import RunDir
    from ibgan_plugin.visualization.curves import draw_curves
    from ibgan_plugin.visualization.figures import SUFFIXES, write_figure
    from ibgan_plugin.visualization.series import Scalars
    check_suffix(args.out, SUFFIXES)
    groups: dict[str, list[Scalars]] = {}
    for run in map(RunDir, args.runs):
        groups.setdefault(run.config_name, []).append(run.scalars)
    write_figure(args.out, draw_curves(groups, args.keys))
    print(args.out)


if __name__ == '__main__':
    sys.exit(main())
