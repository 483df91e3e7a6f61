"""The image scores by name: what each computes and what it needs to know of the images."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ibgan_plugin.evaluation.checks import check_keywords
from ibgan_plugin.evaluation.image.density_coverage import density_coverage
from ibgan_plugin.evaluation.image.feature_statistics import ImageFeatures
from ibgan_plugin.evaluation.image.frechet import frechet_distance
from ibgan_plugin.evaluation.image.inception_score import inception_score
from ibgan_plugin.evaluation.image.kid import kid
from ibgan_plugin.evaluation.image.precision_recall import precision_recall
from ibgan_plugin.utils.errors import IBGANError


@dataclass(frozen=True)
class ImageScore:
    """One score.

    Args:
        function: Computes one number, or ``{score: value}``, of the arrays in :data:`ARGUMENTS` and keyword arguments.
        reads: What it reads of the images, a key of :data:`ARGUMENTS`.
        elsewhere: Where the name stands for the features of InceptionV3 alone: the name over other features.
    """

    function: Callable[..., Any]
    reads: str
    elsewhere: str = ''


#: What is read of the real and the fake images -> the arrays that a function gets.
ARGUMENTS: dict[str, Callable[[ImageFeatures, ImageFeatures], tuple]] = {
    'statistics': lambda real, fake: (real.statistics.mean, real.statistics.covariance,
                                      fake.statistics.mean, fake.statistics.covariance),
    'rows': lambda real, fake: (real.rows, fake.rows),
    'logits': lambda real, fake: (fake.logits, ),
}

IMAGE_SUITE: dict[str, ImageScore] = {
    'fid': ImageScore(frechet_distance, 'statistics', elsewhere='fd'),
    'fd': ImageScore(frechet_distance, 'statistics'),
    'kid': ImageScore(kid, 'rows', elsewhere='kd'),
    'kd': ImageScore(kid, 'rows'),
    'inception_score': ImageScore(inception_score, 'logits', elsewhere='classifier_score'),
    'classifier_score': ImageScore(inception_score, 'logits'),
    'precision_recall': ImageScore(precision_recall, 'rows'),
    'density_coverage': ImageScore(density_coverage, 'rows'),
}


def resolve_image_scores(scores: Mapping[str, Mapping[str, Any] | None], is_inception: bool = True) -> dict[str, dict[str, Any]]:
    """Checked keyword arguments of each score; those that are None are left out.

    Raises:
        IBGANError: If there is no score, one is unknown or not defined for other features than Inception's, or a keyword is
            unknown or missing.
    """
    chosen = {name: keywords for name, keywords in scores.items() if keywords is not None}
    if not chosen:
        raise IBGANError(f'scores must not be empty; known are {", ".join(IMAGE_SUITE)}')
    for name, keywords in chosen.items():
        if name not in IMAGE_SUITE:
            raise IBGANError(f'unknown image score {name!r}; known are {", ".join(IMAGE_SUITE)}')
        if IMAGE_SUITE[name].elsewhere and not is_inception:
            raise IBGANError(f'{name!r} stands for the features of InceptionV3Extractor; over those of another extractor ask for '
                             f'{IMAGE_SUITE[name].elsewhere!r}')
        if not isinstance(keywords, Mapping):
            raise IBGANError(f'{name} = {keywords!r} must be keyword arguments')
    return {name: check_keywords(name, IMAGE_SUITE[name].function, keywords) for name, keywords in chosen.items()}


def compute_image_score(name: str, real: ImageFeatures, fake: ImageFeatures, keywords: Mapping[str, Any]) -> dict[str, float]:
    """``{score: value}`` of one score; IBGANError where there are too few images for it."""
    score = IMAGE_SUITE[name]
    values = score.function(*ARGUMENTS[score.reads](real, fake), **keywords)
    if not isinstance(values, dict):
        return {name: values}
    published = next((key for key, other in IMAGE_SUITE.items() if other.elsewhere == name), name)
    return {key.replace(published, name): value for key, value in values.items()}
