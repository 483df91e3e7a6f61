"""Draw a contact sheet of what the network will see: ``python tools/browse_dataset.py CONFIG``."""
import argparse
import sys
from pathlib import Path

from ibgan_plugin.config.options import add_config_arguments
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import check_suffix


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Draw a contact sheet of what the network will see, after all transforms')
    add_config_arguments(parser)
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='train', help='which data (default: %(default)s)')
    parser.add_argument('--out', type=Path, help='PNG file (default: work_dirs/<config name>/<split>_data.png)')
    parser.add_argument('--count', type=int, default=64, help='number of samples (default: %(default)s)')
    parser.add_argument('--columns', type=int, default=8, help='samples a row (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the choice of samples (default: %(default)s)')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Draw."""
    args = parse_args(argv)
    from ibgan_plugin.config.check import check_config
    from ibgan_plugin.config.load import read_config
    from ibgan_plugin.visualization.contact_sheet import contact_sheet
    from ibgan_plugin.visualization.grids import write_png
    if args.out:
        check_suffix(args.out, ('.png', ))
    config = read_config(args.config, args.cfg_options)
    check_config(config)
    out = args.out or Path('work_dirs', Path(args.config).stem, f'{args.split}_data.png')
    write_png(out, contact_sheet(config, args.split, args.count, args.columns, args.seed))
    print(out)


if __name__ == '__main__':
    sys.exit(main())
