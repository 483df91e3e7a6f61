"""The page itself: one HTML file that needs nothing else, not even a network."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.report.content import RunContent, collect, ranking
from ibgan_plugin.report.naming import group_names, names_of
from ibgan_plugin.report.published import published_beside
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.curves import draw_curves
from ibgan_plugin.visualization.figures import page_svg
from ibgan_plugin.visualization.series import Scalars

#: Scores that come first, the others behind them.
HEADLINES = (('factor_vae', 'eval_accuracy'), ('mig', 'discrete_mig'), ('dci', 'disentanglement'))


def build(runs: Sequence[RunDir], device: str | None = None) -> str:
    """The report of runs.

    Args:
        runs: One or several; those that differ in nothing but the seed are one group, of which means and deviations are given.
        device: Where pictures and codes are computed.

    Raises:
        IBGANError: If a run can not be read.
    """
    contents = [collect(run, device, name) for run, name in zip(runs, names_of(runs), strict=True)]
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / 'templates'), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template('report.html.j2').render(
        runs=contents, curves=_curves(runs, contents), svg=Markup,  # matplotlib escapes what it draws
        score_table=score_table(contents), ranking=ranking(contents))


def _curves(runs: Sequence[RunDir], contents: Sequence[RunContent]) -> str | None:
    """Curves of all runs; None where none logged any."""
    groups: dict[str, list[Scalars]] = {}
    for run, name in zip(runs, _group_names(contents), strict=True):
        groups.setdefault(name, []).append(run.scalars)
    try:
        return page_svg(draw_curves(groups))
    except IBGANError:
        return None


def score_table(contents: Sequence[RunContent]) -> list[dict[str, Any]]:
    """One row a score: the value of each run, the mean and deviation of each group of several, and published ones beside it."""
    by_key: dict[tuple[str, str, str], dict[int, dict]] = {}
    for place, content in enumerate(contents):
        for row in content.scores:
            by_key.setdefault((row['metric'], row['score'], row.get('protocol') or ''), {})[place] = row
    order = sorted(by_key, key=lambda key: (HEADLINES.index(key[:2]) if key[:2] in HEADLINES else len(HEADLINES), key))
    return [dict(metric=metric, score=score, protocol=protocol,
                 values=[by_key[metric, score, protocol].get(place) for place in range(len(contents))],
                 groups=_groups(contents, by_key[metric, score, protocol]),
                 published=published_beside(contents[0].data_name, metric, score)) for metric, score, protocol in order]


def _groups(contents: Sequence[RunContent], rows: dict[int, dict]) -> list[dict[str, Any]]:
    """Mean and deviation over the runs of each group that has several."""
    names = _group_names(contents)
    groups: dict[str, list[float]] = {}
    for place, row in rows.items():
        if row['mean'] is not None:
            groups.setdefault(names[place], []).append(row['mean'])
    return [dict(name=name, mean=float(np.mean(values)), std=float(np.std(values)), num=len(values))
            for name, values in groups.items() if len(values) > 1]


def _group_names(contents: Sequence[RunContent]) -> list[str]:
    """What the group of each run is called."""
    return group_names([(each.config_name, each.setting) for each in contents], [each.name for each in contents])
