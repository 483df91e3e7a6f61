"""Compute the test metrics of a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``.

Prints a table, the headline score first, and writes ``scores.json`` and ``scores.csv`` into the work directory. With
``--all-checkpoints`` every checkpoint of the work directory is tested, with a ranking that needs no labels beside the scores; the
files then are in a folder ``test`` for each.
"""
import argparse
import sys
from pathlib import Path

from ibgan_plugin.config.options import add_checkpoint_argument, add_config_arguments, add_run_arguments
from ibgan_plugin.utils.cli import one_clear_message
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_suffix, check_writable


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_config_arguments(parser)
    add_checkpoint_argument(parser)
    parser.add_argument('--metrics', help="names separated by commas; default: the config's, or all of --protocol")
    parser.add_argument('--protocol', help='named protocol of scores of codes, see docs/metrics.md')
    parser.add_argument('--seeds', type=int, nargs='+', help='of scores of codes, which then are means over them')
    parser.add_argument('--features', metavar='inception|thumbnails|FILE', help='network by which images are compared: the '
                        "config's own, small pixels, which need none, or a .pt (TorchScript) or .onnx file")
    parser.add_argument('--save-codes', metavar='FILE', help='.npz file for the codes, which evaluate_codes and compare_runs read')
    parser.add_argument('--all-checkpoints', action='store_true', help='test every checkpoint of the work directory')
    add_run_arguments(parser)
    return parser.parse_args(argv)


@one_clear_message
def main(argv: list[str] | None = None) -> int:
    """Test."""
    args = parse_args(argv)
    from mmengine.dist import is_main_process

    from ibgan_plugin.apis.run_dir import RunDir
    from ibgan_plugin.apis.testing import check_has_codes, choose_features, choose_scores, format_ranking, ranking, score_checkpoint
    from ibgan_plugin.config.zoo import weights_of
    from ibgan_plugin.engine.launch import build_runner, checkpoint_dir, load_run_config
    from ibgan_plugin.engine.log import hear_warnings
    from ibgan_plugin.evaluation.code_files import SAVED_AS, save_codes
    from ibgan_plugin.evaluation.heat_maps import write_heat_maps
    from ibgan_plugin.evaluation.report import format_rows, write_scores
    from ibgan_plugin.utils.strict_json import write_json
    hear_warnings()
    if args.all_checkpoints and args.checkpoint:
        raise IBGANError('--all-checkpoints tests those of the work directory: name no checkpoint, but --work-dir')
    checkpoint = None if args.all_checkpoints else weights_of(args.config, args.checkpoint)
    cfg = load_run_config(args.config, args.work_dir, args.cfg_options, args.seed, args.launcher, checkpoint=checkpoint,
                          device=args.device, claim=False)
    choose_scores(cfg, args.protocol, args.metrics and [name.strip() for name in args.metrics.split(',')], args.seeds)
    if args.features:
        choose_features(cfg, args.features)
    if args.print_config:
        print(cfg.pretty_text)
        return 0
    if args.save_codes:
        check_suffix(args.save_codes, SAVED_AS, 'a file of codes')
        check_writable(args.save_codes)
        check_has_codes(cfg)
    files: dict[str, str | Path | None] = {Path(str(checkpoint)).stem: checkpoint}
    if args.all_checkpoints:
        files = {file.stem: file for file in RunDir(checkpoint_dir(cfg)).checkpoints.values()}
        if not files:
            raise IBGANError(f'{checkpoint_dir(cfg)} holds no checkpoint')
    runner = build_runner(cfg)
    tested = {name: score_checkpoint(runner, file if args.all_checkpoints else None) for name, file in files.items()}
    if not is_main_process():
        return 0
    for name, one in tested.items():
        print(*([f'{name}:'] if len(tested) > 1 else []), format_rows(one.rows), sep='\n')
        write_scores(one.rows, Path(cfg.work_dir, 'test', name) if args.all_checkpoints else cfg.work_dir)
        if args.save_codes:
            assert one.source is not None, 'check_has_codes'
            path = Path(args.save_codes)
            save_codes(path.with_name(f'{path.stem}_{name}{path.suffix}') if len(tested) > 1 else path, one.source)
    if not args.all_checkpoints:
        write_heat_maps(runner.test_evaluator.metrics, cfg.work_dir)
    else:
        places = ranking(tested)
        print('', format_ranking(tested, places), sep='\n')
        write_json(Path(cfg.work_dir, 'test', 'ranking.json'), places or {})
    return 0


if __name__ == '__main__':
    sys.exit(main())
