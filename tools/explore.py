"""Move a model's representation by hand in the browser: ``python tools/explore.py MODEL...``."""
import argparse
import importlib.util
import os
import sys
import webbrowser

from ibgan_plugin.config.options import add_device_argument
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_suffix


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Explore the representation of trained models in the browser')
    parser.add_argument('models', nargs='+', metavar='MODEL',
                        help='work directory (its newest checkpoint), name of a model of the zoo or safetensors file (they bring '
                        'their weights along), or a config file or name followed by one or more checkpoints; several models are '
                        'shown side by side')
    parser.add_argument('--host', default='127.0.0.1', help='address to listen on; beyond this machine the page asks for the '
                        'token that is printed (default: %(default)s)')
    parser.add_argument('--port', type=int, default=8900, help='0 takes any that is free (default: %(default)s)')
    add_device_argument(parser)
    parser.add_argument('--no-data', action='store_true', help='do not open the data set of the first config')
    parser.add_argument('--export', metavar='PAGE.html', help='write a page of one model instead, which runs in the browser '
                        'without a server or a network')
    parser.add_argument('--ort', metavar='DIR', help='with --export: where npm installed onnxruntime-web')
    parser.add_argument('--no-browser', action='store_true', help='print the address only')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Load, then serve."""
    args = parse_args(argv)
    if args.export:
        export(args)
        return
    if not importlib.util.find_spec('starlette') or not importlib.util.find_spec('uvicorn'):
        raise IBGANError("the explorer needs Starlette and uvicorn: pip install 'ibgan_plugin[explore]'")
    from ibgan_plugin.explorer.server import make_service
    from ibgan_plugin.explorer.session import make_explorer
    explorer, notes = make_explorer(args.models, args.device, with_data=not args.no_data)
    service = make_service(explorer, args.host, args.port)
    print(*notes, f'{service.address}  (Ctrl+C ends)', sep='\n', flush=True)
    if not args.no_browser and (sys.platform != 'linux' or os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
        webbrowser.open(service.address)
    service.run()


def export(args: argparse.Namespace) -> None:
    """Write the page of one model."""
    from ibgan_plugin.apis.trained import load_trained
    from ibgan_plugin.explorer.static_page import export_page, find_ort
    check_suffix(args.export, ('.html', '.htm'))
    ort = find_ort(args.ort)
    trained = load_trained(args.models, 'cpu')
    if len(trained) != 1:
        raise IBGANError(f'a page holds one model, got {len(trained)}')
    export_page(trained[0], args.export, ort)
    print(args.export)


if __name__ == '__main__':
    sys.exit(main())
