"""Curves of one or several runs over iterations."""
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.figures import COLORS, DASHES, MARKERS, style
from ibgan_plugin.visualization.series import Scalars, Series


class Panel(NamedTuple):
    """Curves that share their axes."""
    title: str
    unit: str
    keys: str  # regular expression that a key matches as a whole
    log: bool = False


#: What a run is judged by; a key goes to the first that it matches. Scores are all other keys of the form metric/score.
PANELS = (
    Panel('Bounds of the mutual information I(z, x)', 'nats', r'mi/(lower_bound|upper_bound|gap)'),
    Panel('KL of each dimension of r to its prior', 'nats', r'kl/dim_\d+'),
    Panel('KL of the dimensions of r to their prior, largest first', 'nats', r'kl/rank_\d+'),
    Panel('Losses', 'nats', r'loss(_.*)?'),
    Panel('Learning rates', '', r'(.*\.|base_)?lr', log=True),
    Panel('Schedules', '', r'[^/]*(_std|noise|beta|weight|momentum|\.)[^/]*'),
    Panel('Active dimensions', '', r'.*active_dims'),
    Panel('Scores', '', r'(?!mi/|kl/|health/)[^/]+/.+'),
)


def draw_curves(groups: Mapping[str, Sequence[Scalars]], keys: Sequence[str] | None = None) -> Figure:
    """A figure of panels, one below the other in two columns.

    Lines are told apart by dashes and marks and carry their names at their ends. Runs of one group, such as seeds of one config,
    are drawn as thin lines, their mean as a thick one, and their standard deviation as a band.

    Args:
        groups: Scalars of the runs of each group, by its name.
        keys: Regular expressions; every scalar that one matches as a whole gets a panel for that expression. None for the
            panels above.

    Raises:
        IBGANError: If there is no run, an expression is none, or no scalar matches; names the keys there are.
    """
    if not any(groups.values()):
        raise IBGANError('no run to draw')
    if any(len(runs) > 1 for runs in groups.values()):  # dimension 3 of one seed has nothing to do with that of another
        groups = {name: [_by_rank(run) for run in runs] for name, runs in groups.items()}
    known = sorted({key for runs in groups.values() for run in runs for key in run})
    panels = _chosen(PANELS if keys is None else [Panel(key, '', key) for key in keys], known, must_match=keys is not None)
    if not panels:
        raise IBGANError(f'nothing to draw: the runs logged {", ".join(known) or "no scalar"}')
    with style():
        columns = min(2, len(panels))
        rows = -(-len(panels) // columns)
        figure = Figure(figsize=(6.4 * columns, 3.4 * rows))
        for place, (panel, members) in enumerate(panels, 1):
            _draw_panel(figure.add_subplot(rows, columns, place), panel, members, groups)
    return figure


def _by_rank(run: Scalars) -> Scalars:
    """The same run, with the KL of the largest dimension, the second, ... at each iteration in place of that of each."""
    dims = {key: series for key, series in run.items() if re.fullmatch(r'kl/dim_\d+', key)}
    if len({series.steps.tobytes() for series in dims.values()}) != 1:
        return run
    steps = next(iter(dims.values())).steps
    ranked = -np.sort(-np.stack([series.values for series in dims.values()]), axis=0)
    return {**{key: series for key, series in run.items() if key not in dims},
            **{f'kl/rank_{place:02d}': Series(steps, values) for place, values in enumerate(ranked, 1)}}


def _chosen(panels: Sequence[Panel], known: Sequence[str], must_match: bool) -> list[tuple[Panel, list[str]]]:
    """Each panel with its keys, in the order of the keys; empty ones are left out."""
    chosen, taken = [], set[str]()
    for panel in panels:
        try:
            members = [key for key in known if re.fullmatch(panel.keys, key) and (must_match or key not in taken)]
        except re.error as error:
            raise IBGANError(f'{panel.keys!r} is no regular expression: {error}') from error
        if must_match and not members:
            raise IBGANError(f'no scalar matches {panel.keys!r}; there are {", ".join(known)}')
        taken.update(members)
        if members:
            chosen.append((panel, members))
    return chosen


def _draw_panel(axes: Axes, panel: Panel, keys: Sequence[str], groups: Mapping[str, Sequence[Scalars]]) -> None:
    """All groups and keys of a panel, each with its name at its end."""
    ends = []
    for number, (group, runs) in enumerate(groups.items()):
        for place, key in enumerate(keys):
            series = [run[key].thinned() for run in runs if key in run and np.isfinite(run[key].values).any()]
            if not series:
                continue
            color = COLORS[(number if len(groups) > 1 else place) % len(COLORS)]
            look = dict(color=color, linestyle=DASHES[place % len(DASHES)], marker=MARKERS[(number + place) % len(MARKERS)])
            name = _short(key, keys) if len(groups) == 1 else ' '.join(filter(None, (_short(key, keys), group)))
            ends.append((*_draw_group(axes, series, look), name, look))
    axes.set_title(panel.title, parse_math=False)
    axes.set_xlabel('iteration')
    axes.set_ylabel(panel.unit)
    if panel.log:
        axes.set_yscale('log')
    _name_ends(axes, ends)


def _draw_group(axes: Axes, series: Sequence[Series], look: dict) -> tuple[float, float]:
    """One key of one group; returns the end of its main line."""
    main = series[0] if len(series) == 1 else _mean(series)
    marks = max(1, len(main.steps) // 8)
    axes.plot(main.steps, main.values, markevery=marks, **look)
    if len(series) > 1:
        for each in series:
            axes.plot(each.steps, each.values, color=look['color'], linewidth=0.6, alpha=0.5)
        spread = _spread(series, main.steps)
        axes.fill_between(main.steps, main.values - spread, main.values + spread, color=look['color'], alpha=0.15, linewidth=0)
    last = np.flatnonzero(np.isfinite(main.values))[-1]
    return float(main.steps[last]), float(main.values[last])


def _shared(series: Sequence[Series], steps: np.ndarray) -> np.ndarray:
    """Values [runs, steps] at iterations that all runs logged."""
    return np.stack([each.values[np.searchsorted(each.steps, steps)] for each in series])


def _mean(series: Sequence[Series]) -> Series:
    """Mean over runs at the iterations that all logged; the longest run alone where they share none."""
    steps = series[0].steps
    for each in series[1:]:
        steps = np.intersect1d(steps, each.steps)
    if not len(steps):
        return max(series, key=lambda each: len(each.steps))
    return Series(steps, _shared(series, steps).mean(0))


def _spread(series: Sequence[Series], steps: np.ndarray) -> np.ndarray:
    """Standard deviation over runs at ``steps``; 0 where the runs share none."""
    shared = all(np.isin(steps, each.steps).all() for each in series)
    return _shared(series, steps).std(0) if shared else np.zeros(len(steps))


def _short(key: str, keys: Sequence[str]) -> str:
    """A key without what all of a panel share; a dimension of r by its symbol."""
    if match := re.fullmatch(r'kl/dim_(\d+)', key):
        return f'r{int(match[1])}'
    if match := re.fullmatch(r'kl/rank_(\d+)', key):
        return str(int(match[1]))
    return key.rpartition('/')[2] if len({each.rpartition('/')[0] for each in keys}) == 1 else key


def _name_ends(axes: Axes, ends: Sequence[tuple[float, float, str, dict]]) -> None:
    """A piece of each line and its name to the right of the axes, at the height of its end or as near as they do not touch."""
    axes.autoscale_view()
    to_fraction = axes.transScale + axes.transLimits  # of the axes, whatever the layout makes of them
    heights = [to_fraction.transform((x, y))[1] for x, y, *_ in ends]
    for place, height in zip(*_apart(heights, gap=min(0.062, 1 / max(1, len(ends)))), strict=True):
        *_, name, look = ends[place]
        axes.plot((1.015, 1.04, 1.065), (height, ) * 3, markevery=[1], transform=axes.transAxes, clip_on=False, **look)
        axes.annotate(name, (1.08, height), xycoords='axes fraction', va='center', fontsize=8, annotation_clip=False,
                      parse_math=False)


def _apart(heights: Sequence[float], gap: float) -> tuple[list[int], list[float]]:
    """Places sorted by height, and heights at least ``gap`` apart that move the names as little as a pass up and down does."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    moved: list[float] = []
    for place in order:
        moved.append(max(heights[place], moved[-1] + gap) if moved else heights[place])
    excess = max(0.0, moved[-1] - 1.0) if moved else 0.0
    for index in reversed(range(len(moved))):
        limit = 1.0 if index == len(moved) - 1 else moved[index + 1] - gap
        moved[index] = min(moved[index], limit) if excess else moved[index]
    return order, moved

