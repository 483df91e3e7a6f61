"""Parameters and FLOPs of each component and of a training step: ``python tools/analysis/get_flops.py CONFIG``."""
import argparse
import sys

from ibgan_plugin.config.options import add_config_arguments
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import check_writable
from ibgan_plugin.utils.strict_json import write_json


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Parameters and FLOPs of each component and of a training step')
    add_config_arguments(parser)
    parser.add_argument('--batch-size', type=int, help='images a step; default: that of train_dataloader')
    parser.add_argument('--json', metavar='OUT', help='also write the figures to a JSON file')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Count."""
    args = parse_args(argv)
    from ibgan_plugin.apis.complexity import component_costs, format_costs
    from ibgan_plugin.config.load import load_config
    from ibgan_plugin.engine.size import check_size
    if args.json:
        check_writable(args.json)
    cfg = load_config(args.config, cfg_options=args.cfg_options)
    check_size(cfg)
    costs = component_costs(cfg, cfg.train_dataloader.batch_size if args.batch_size is None else args.batch_size)
    print(format_costs(costs))
    if args.json:
        write_json(args.json, {name: cost._asdict() for name, cost in costs.items()})


if __name__ == '__main__':
    sys.exit(main())
