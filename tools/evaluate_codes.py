"""Score the codes of any model: ``python tools/evaluate_codes.py codes.npz --protocol study --seeds 0 1 2 --json scores.json``.

The file holds ``codes`` [prod(sizes), C] of the full factor grid in row-major order and ``factor_sizes`` [F], which gives all
metrics, or ``codes`` [N, C] and ``factors`` [N, F], which gives those that need no intervention on the factors, and all where
the samples fill a grid, each cell once. Codes of some cells of a grid, numbered by ``index`` [N], are such samples too.
"""
import argparse
import sys

from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import check_no_input, check_writable


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('codes', help='.npz file with codes and factor_sizes, or codes and factors')
    parser.add_argument('--metrics', default='all', help='all (of the protocol), or names separated by commas')
    parser.add_argument('--protocol', default='study', help='of the literature, see docs/metrics.md (default: %(default)s)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--json', help='write {metric: {score: {mean, std, per_seed}}} to this file')
    parser.add_argument('--csv', help='write one row per score to this file')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Score and report."""
    args = parse_args(argv)
    from ibgan_plugin.engine.log import hear_warnings
    from ibgan_plugin.evaluation.code_files import load_codes
    from ibgan_plugin.evaluation.evaluate_codes import evaluate_codes, format_table, write_csv
    from ibgan_plugin.utils.strict_json import write_json
    hear_warnings()
    for path in filter(None, (args.json, args.csv)):
        check_no_input(path, [args.codes])
        check_writable(path)
    metrics = args.metrics if args.metrics == 'all' else [name.strip() for name in args.metrics.split(',')]
    evaluation = evaluate_codes(load_codes(args.codes), args.protocol, metrics, args.seeds)
    print(format_table(evaluation, args.protocol))
    if args.json:
        write_json(args.json, evaluation.results)
    if args.csv:
        write_csv(evaluation, args.protocol, args.csv)


if __name__ == '__main__':
    sys.exit(main())
