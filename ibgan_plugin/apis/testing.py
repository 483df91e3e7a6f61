"""Testing a run: other scores than its config names, codes kept, all checkpoints beside each other."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from ibgan_plugin.engine.checkpoints import CheckpointError
from ibgan_plugin.engine.work_dir import iteration_of
from ibgan_plugin.evaluation.compare_runs import RunScores, compare_runs, format_runs
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS, get_protocol
from ibgan_plugin.evaluation.disentanglement.suite import SUITE
from ibgan_plugin.evaluation.image.suite import IMAGE_SUITE
from ibgan_plugin.evaluation.metrics import DisentanglementMetric
from ibgan_plugin.evaluation.report import Row, score_rows
from ibgan_plugin.utils.errors import IBGANError

#: Types of a config's evaluator whose scores are of codes.
_OF_CODES = ('DisentanglementMetric', 'FactorVAEScore')


class Tested(NamedTuple):
    """Scores of one checkpoint, and its codes, None where no score is of codes or this is not the main process."""

    rows: list[Row]
    source: CodeSource | None


def choose_scores(cfg: Config, protocol: str | None = None, metrics: Sequence[str] | None = None,
                  seeds: Sequence[int] | None = None) -> None:
    """Change which scores a config's test computes; what is None stays.

    Args:
        cfg: Config with ``test_evaluator``.
        protocol: Named protocol of codes, in place of the config's.
        metrics: Names of scores: of the protocol, or of images, chosen among the config's.
        seeds: One evaluation of codes per seed.

    Raises:
        IBGANError: If the config's test has no such scores, or a name is unknown.
    """
    if protocol is None and metrics is None and seeds is None:
        return
    entries = _entries(cfg)
    of_codes = _entries(cfg, _OF_CODES)
    if of_codes:
        if protocol is None and metrics is None:  # the config's scores, all of them
            cfg.test_evaluator = [_codes_evaluator(entry, None, None, seeds) if entry in of_codes else entry for entry in entries]
        else:
            cfg.test_evaluator = _codes_evaluator(of_codes[0], protocol, metrics, seeds)
        return
    if protocol is not None or seeds is not None:
        raise IBGANError(f'{"--protocol" if protocol is not None else "--seeds"} is of scores of codes, but the config\'s '
                         'test_evaluator has none: name a config with a DisentanglementMetric')
    known = {name for entry in entries for name in entry.get('scores', ())}
    unknown = [name for name in metrics or () if name not in known]
    if unknown or not metrics:
        raise IBGANError(f'unknown metrics {unknown}; the config\'s test_evaluator has {", ".join(sorted(known)) or "none"}')
    for entry in entries:
        entry['scores'] = {name: numbers for name, numbers in entry.get('scores', {}).items() if name in metrics}
    cfg.test_evaluator = [entry for entry in entries if entry['scores']]


def _entries(cfg: Config, types: Sequence[str] = ()) -> list[Any]:
    """Configs of the test's evaluators, of ``types`` where some are named."""
    evaluators = cfg.get('test_evaluator') or []
    entries = [evaluators] if isinstance(evaluators, Mapping) else list(evaluators)
    return [entry for entry in entries if not types or str(entry.get('type')).rpartition('.')[2] in types]


def _codes_evaluator(entry: Mapping[str, Any], protocol: str | None, metrics: Sequence[str] | None,
                     seeds: Sequence[int] | None) -> dict[str, Any]:
    """A config of a DisentanglementMetric with what was asked for."""
    own = entry.get('protocol') or 'study'
    name = protocol or own
    if str(entry.get('type')).endswith('FactorVAEScore'):  # one metric, whose numbers are arguments of its own
        keywords = {key: entry[key] for key in PROTOCOLS['study']['factor_vae'] if entry.get(key) is not None}
        entry = {**entry, 'scores': dict(factor_vae=keywords), 'seeds': (entry.get('seed', 0), )}
    scores = {} if protocol not in (None, own) else entry.get('scores') or {}
    numbers = {metric: keywords for metric, keywords in scores.items() if keywords is not None}
    known = get_protocol(name) if protocol is not None or not numbers else {}
    chosen = list(metrics) if metrics is not None else list(numbers or known)
    for metric in chosen:
        if metric not in SUITE:
            raise IBGANError(f'unknown metric {metric!r}; known are {", ".join(SUITE)}')
    return dict(type='ibgan_plugin.DisentanglementMetric', protocol=name, prefix=entry.get('prefix'),
                scores={metric: numbers.get(metric, {}) for metric in chosen},
                seeds=tuple(seeds if seeds is not None else entry.get('seeds', (0, ))))


def choose_features(cfg: Config, features: str) -> None:
    """Change by which network a config's test compares images; scores that stand for Inception's features change their names.

    Args:
        cfg: Config whose ``test_evaluator`` compares images.
        features: ``'inception'`` (the config's own), ``'thumbnails'``, which are always there, or a TorchScript (``.pt``) or ONNX
            (``.onnx``) file.

    Raises:
        IBGANError: If the test compares no images, or ``features`` is none of these.
    """
    kinds = {'.pt': 'ibgan_plugin.TorchScriptExtractor', '.onnx': 'ibgan_plugin.OnnxExtractor'}
    suffix = Path(features).suffix
    if features not in ('inception', 'thumbnails') and suffix not in kinds:
        raise IBGANError(f"--features must be inception, thumbnails, or a .pt or .onnx file, got {features!r}")
    entries = _entries(cfg)
    of_images = [entry for entry in entries if 'extractor' in entry]
    if not of_images:
        raise IBGANError("--features: the config's test_evaluator compares no images")
    for entry in of_images:
        if features == 'inception':
            continue
        entry['extractor'] = (dict(type='ibgan_plugin.ThumbnailExtractor') if features == 'thumbnails' else
                              dict(type=kinds[suffix], path=features))
        entry['scores'] = {(IMAGE_SUITE[name].elsewhere or name) if name in IMAGE_SUITE else name: numbers
                           for name, numbers in entry['scores'].items()}
        entry['protocol'] = f'{entry.get("protocol") or "images"} by {features}'


def score_checkpoint(runner: Runner, checkpoint: str | Path | None = None) -> Tested:
    """The test scores of a checkpoint, or of the one that the runner was built with.

    Raises:
        IBGANError: If the checkpoint can not be loaded, or no score can be computed.
    """
    if checkpoint is not None:
        runner.load_checkpoint(str(checkpoint))
    scores = runner.test()
    metrics = runner.test_evaluator.metrics
    rows = score_rows(scores, metrics, *_origin(checkpoint or runner.cfg.get('load_from')))
    if not rows and is_main_process():
        reasons = [note for metric in metrics for notes in getattr(metric, 'notes', {}).values() for note in notes]
        raise IBGANError(f'no score could be computed: {"; ".join(dict.fromkeys(reasons)) or "the test has no metrics"}')
    return Tested(rows, next((metric.source for metric in metrics if isinstance(metric, DisentanglementMetric)), None))


def _origin(checkpoint: str | Path | None) -> tuple[str | None, int | None]:
    """Name of a checkpoint's file, and the iteration after which it was saved; None for what is not known."""
    if checkpoint is None:
        return None, None
    try:
        return Path(checkpoint).name, iteration_of(str(checkpoint))
    except CheckpointError:  # weights alone
        return Path(checkpoint).name, None


def check_has_codes(cfg: Config) -> None:
    """Raise IBGANError, before anything is computed, unless the test of a config has codes to be saved."""
    if not _entries(cfg, _OF_CODES):
        raise IBGANError('--save-codes: no score of this test is of codes; name a config with a DisentanglementMetric')


def ranking(tested: Mapping[str, Tested]) -> RunScores | None:
    """UDR and ModelCentrality of checkpoints from their codes, without labels; None where fewer than two have codes."""
    codes = {name: one.source.codes for name, one in tested.items() if one.source is not None}
    return compare_runs(codes) if len(codes) > 1 else None


def format_ranking(tested: Mapping[str, Tested], places: RunScores | None) -> str:
    """A line a checkpoint: its headline scores, one a metric, and its :func:`ranking` without labels, whose best are starred."""
    table: RunScores = {}
    for name, one in tested.items():
        first: dict[str, Row] = {}
        for row in one.rows:
            first.setdefault(row['metric'], row)
        table[name] = {f'{metric}/{row["score"]}': row['mean'] for metric, row in first.items()} | (places or {}).get(name, {})
    if not places:
        return format_runs(table, 'checkpoint', ())
    legend = '* best by codes alone, without labels: UDR and ModelCentrality ask which checkpoints agree with the others'
    return format_runs(table, 'checkpoint', next(iter(places.values()))) + f'\n{legend}'
