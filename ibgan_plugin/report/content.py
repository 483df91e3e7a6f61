"""What a report says of each run and of all together, as plain data, pictures and figures."""
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ibgan_plugin.apis.dataset import ShownData, as_seen, encode_pixels
from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.apis.trained import Trained, load_trained
from ibgan_plugin.config.changes import Change, config_changes
from ibgan_plugin.evaluation.compare_runs import RunScores, compare_runs
from ibgan_plugin.evaluation.tracking import FactorInformation
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.report.naming import setting_of
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.figures import page_svg
from ibgan_plugin.visualization.grids import encode_png, image_grid, to_pixels
from ibgan_plugin.visualization.heat_map import draw_heat_map
from ibgan_plugin.visualization.traversal import sample, traverse
from ibgan_plugin.visualization.traversal_sheet import draw_traversal

#: Images from which runs are ranked without labels; samples and real images shown.
NUM_CODES, NUM_SHOWN = 2000, 64


@dataclass
class RunContent:
    """One run."""
    name: str
    config_name: str
    seed: int | None
    iterations: int | None
    changes: list[Change] | None
    config_text: str
    environment: dict[str, str]
    scores: list[dict] = field(default_factory=list)  # protocol, metric, score, mean, std, num_seeds, checkpoint, iteration
    pictures: list[tuple[str, str]] = field(default_factory=list)  # caption, data URI
    heat_maps: list[str] = field(default_factory=list)  # SVG
    codes: np.ndarray | None = None
    data_name: str | None = None
    setting: str = ''  # what it shares with runs of other seeds
    notes: list[str] = field(default_factory=list)


def collect(run: RunDir, device: str | None = None, name: str | None = None) -> RunContent:
    """All that is known of a run. What can not be had (no data set, no checkpoint, no scores) is said in its notes.

    Args:
        run: The run.
        device: Where pictures and codes are computed.
        name: What it is called; None for its folder's name.
    """
    config = run.config
    content = RunContent(name or run.name, run.config_name, run.seed, _iterations(run), config_changes(config, run.config_name),
                         config.pretty_text, run.environment, _scores(run), setting=setting_of(config))
    if not content.scores:
        content.notes.append('no scores yet: run tools/test.py, or let the config validate')
    content.notes += _origins(content.scores, run)
    try:
        data: ShownData | None = ShownData.of(config)
        content.data_name = data.name if data else None
    except (ValueError, OSError) as error:
        data = None
        content.notes.append(f'no data set: {error}')
    if run.checkpoints:
        _look(content, load_trained([str(run.path)], device)[0], data)
    else:
        content.notes.append('no checkpoint: pictures are those that the training left')
        _left_pictures(content, run)
    _stored_heat_maps(content, run)
    return content


def _iterations(run: RunDir) -> int | None:
    """Iterations done, by the newest checkpoint or line of the log."""
    logged = [int(series.steps[-1]) for series in run.scalars.values()]
    return max([*run.checkpoints, *logged], default=None)


def _scores(run: RunDir) -> list[dict]:
    """Rows of ``tools/test.py``; where there are none, the newest of each score that was logged in validation."""
    rows = [dict(values, metric=metric, score=score) for metric, scores in run.scores.items() for score, values in scores.items()]
    if rows:
        return rows
    found = {key: series for key, series in run.scalars.items() if key.count('/') == 1 and key.split('/')[0] not in ('mi', 'kl')}
    return [dict(metric=key.split('/')[0], score=key.split('/')[1], protocol='validation', mean=float(series.values[-1]), std=None,
                 num_seeds=1, iteration=int(series.steps[-1])) for key, series in found.items() if not key.endswith('_std')]


def _origins(scores: Sequence[dict], run: RunDir) -> list[str]:
    """Of which checkpoint the scores are, and whether there is a newer one."""
    newest_number, newest = next(reversed(run.checkpoints.items()), (_iterations(run), None))
    by_iteration = newest is None or newest.name.startswith('iter_')
    notes = []
    for name, iteration in dict.fromkeys((row.get('checkpoint'), row.get('iteration')) for row in scores):
        parts = [*([str(name)] if name else []), *([f'iteration {iteration}'] if iteration is not None else [])]
        if not parts:
            notes.append(f'{run_names.SCORES} does not say of which checkpoint its scores are')
        elif (by_iteration and iteration == newest_number) or (newest is not None and name == newest.name):
            notes.append(f'scores are of {", ".join(parts)}')
        else:
            last = f'iteration {newest_number}' if newest is None else newest.name
            notes.append(f'scores are of {", ".join(parts)}, not of the newest, {last}: tools/test.py gives those')
    return notes


def _look(content: RunContent, trained: Trained, data: ShownData | None) -> None:
    """Pictures of the newest checkpoint, its codes, and what they tell about true factors."""
    model = trained.model
    show = partial(_picture, content)
    found = _information(content, model, data)
    factors = {} if found is None else found.named_codes()
    show('Traversal: a row varies one dimension of r, ordered by KL', draw_traversal(traverse(model), factors=factors))
    show('Samples', image_grid(sample(model, NUM_SHOWN), 8))
    if data is None:
        return
    real = data.sample(NUM_SHOWN, model.image_shape)
    show('Real images', image_grid(_in_color(real), 8))
    if content.codes is not None:
        show('Real images, and below each what the model makes of it', _reconstructions(model, real[:16]))
    if found is not None:
        title = 'Mutual information of codes and factors'
        content.heat_maps.append(page_svg(draw_heat_map(found.mutual_information, found.factor_names, title, 'nats')))


def _information(content: RunContent, model: LatentModel, data: ShownData | None) -> FactorInformation | None:
    """Codes of real images, and what they tell about true factors; a note where the model can not encode."""
    if data is None:
        return None
    try:
        content.codes = encode_pixels(model, data.sample(NUM_CODES, model.image_shape, seed=1))
        return data.information(model)
    except IBGANError as error:
        content.notes.append(str(error))
        return None


def _stored_heat_maps(content: RunContent, run: RunDir) -> None:
    """What ``tools/test.py`` found out."""
    stored = run.information
    if 'importance' in stored and 'factor_names' in stored:
        names = [str(name) for name in stored['factor_names']]
        content.heat_maps.append(page_svg(draw_heat_map(stored['importance'], names, 'Importance of codes in DCI')))


def _left_pictures(content: RunContent, run: RunDir) -> None:
    """The newest pictures of the training."""
    for kind in (run_names.TRAVERSAL, run_names.SAMPLES):
        for iteration, file in list(run.pictures(kind).items())[-1:]:
            content.pictures.append((f'{kind} after {iteration} iterations', _data_uri(file.read_bytes())))


def _picture(content: RunContent, caption: str, image: np.ndarray) -> None:
    content.pictures.append((caption, _data_uri(encode_png(image))))


def _data_uri(png: bytes) -> str:
    return f'data:image/png;base64,{base64.b64encode(png).decode()}'


@torch.no_grad()
def _reconstructions(model: LatentModel, imgs: np.ndarray) -> np.ndarray:
    """Rows of eight real images, each above its reconstruction."""
    real, made = _in_color(imgs), to_pixels(model.decode(model.encode(as_seen(model, imgs))))
    rows = [each[start:start + 8] for start in range(0, len(real), 8) for each in (real, made)]
    return image_grid(np.concatenate(rows), 8)


def _in_color(imgs: np.ndarray) -> np.ndarray:
    """Pixels uint8 N x C x S x S to N x S x S x 3."""
    return np.broadcast_to(imgs.transpose(0, 2, 3, 1), (len(imgs), *imgs.shape[2:], 3))


def ranking(contents: Sequence[RunContent]) -> RunScores | None:
    """Label-free scores of runs that encoded the same images; None for fewer than two of them."""
    able = {each.name: each.codes for each in contents if each.codes is not None}
    if len(able) < 2 or len({codes.shape[0] for codes in able.values()}) > 1 or len({each.data_name for each in contents}) > 1:
        return None
    return compare_runs(able)


def open_runs(paths: Sequence[str | Path]) -> list[RunDir]:
    """Runs, each of them once.

    Raises:
        IBGANError: If a path holds no run, or is named twice.
    """
    runs = [RunDir(path) for path in paths]
    seen: set[Path] = set()
    for run in runs:
        if run.path.resolve() in seen:
            raise IBGANError(f'{str(run.path)!r} is named twice')
        seen.add(run.path.resolve())
    return runs
