"""Which of several runs to keep, without labels: ``python tools/compare_runs.py RUN1.npz RUN2.npz ... --json OUT``.

Each file holds ``codes`` [N, C] of the same samples in the same order, or in any order with their ``index`` or ``names`` [N], as
``tools/infer.py encode`` writes them.
"""
import argparse
import sys

from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.files import check_no_input, check_writable


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', help='.npz files with codes, two or more')
    parser.add_argument('--seed', type=int, default=0, help="of ModelCentrality's votes (default: %(default)s)")
    parser.add_argument('--json', help='write {run: {score: value}} to this file')
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> None:
    """Score and report."""
    args = parse_args(argv)
    from ibgan_plugin.engine.log import hear_warnings
    from ibgan_plugin.evaluation.compare_runs import compare_runs, format_runs, load_runs
    from ibgan_plugin.utils.strict_json import write_json
    hear_warnings()
    if args.json:
        check_no_input(args.json, args.runs)
        check_writable(args.json)
    scores = compare_runs(load_runs(args.runs), args.seed)
    print(format_runs(scores))
    if args.json:
        write_json(args.json, scores)


if __name__ == '__main__':
    sys.exit(main())
