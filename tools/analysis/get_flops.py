"""Parameters and FLOPs of each component and of a training step: ``python tools/analysis/get_flops.py CONFIG``."""
import argparse
import json

from ibgan_plugin.apis.complexity import component_costs, format_costs
from ibgan_plugin.config.load import load_config
from ibgan_plugin.config.options import ConfigOptions
from ibgan_plugin.utils.cli import one_clear_message


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Parameters and FLOPs of each component and of a training step')
    parser.add_argument('config', help='config file')
    parser.add_argument('--batch-size', type=int, help='images a step; default: that of train_dataloader')
    parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions, metavar='KEY=VALUE', help='replace config values')
    parser.add_argument('--json', metavar='OUT', help='also write the figures to a JSON file')
    return parser.parse_args()


@one_clear_message
def main() -> None:
    """Count."""
    args = parse_args()
    cfg = load_config(args.config, cfg_options=args.cfg_options)
    costs = component_costs(cfg.model, args.batch_size or cfg.train_dataloader.batch_size)
    print(format_costs(costs))
    if args.json:
        with open(args.json, 'w') as file:
            json.dump({name: cost._asdict() for name, cost in costs.items()}, file, indent=2)


if __name__ == '__main__':
    main()
