"""One self-contained page about runs: ``python tools/report.py RUN... --out report.html``."""
import argparse
import importlib.util
import sys
from pathlib import Path

from ibgan_plugin.config.options import add_device_argument
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_suffix, check_writable, write_whole


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Write one HTML file about runs: configuration, curves, pictures, scores, ranking')
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work directory')
    parser.add_argument('--out', type=Path, default=Path('report.html'), help='file to write (default: %(default)s)')
    add_device_argument(parser)
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Collect, then write."""
    args = parse_args(argv)
    check_suffix(args.out, ('.html', '.htm'))
    check_writable(args.out)
    if not importlib.util.find_spec('jinja2'):
        raise IBGANError("reports need Jinja2: pip install 'ibgan_plugin[report]'")
    from ibgan_plugin.report.content import open_runs
    from ibgan_plugin.report.page import build
    write_whole(args.out, build(open_runs(args.runs), args.device))
    print(args.out)


if __name__ == '__main__':
    sys.exit(main())
