"""Image metrics as functions of features [N, D] or logits [N, K], in float64; features, cache, extractors."""
from ibgan_plugin.evaluation.image.density_coverage import density_coverage
from ibgan_plugin.evaluation.image.feature_statistics import ImageFeatures
from ibgan_plugin.evaluation.image.features import FeatureStatistics
from ibgan_plugin.evaluation.image.frechet import frechet_distance
from ibgan_plugin.evaluation.image.inception_score import inception_score
from ibgan_plugin.evaluation.image.kid import kid, polynomial_mmd
from ibgan_plugin.evaluation.image.precision_recall import precision_recall
from ibgan_plugin.evaluation.image.reference_cache import ReferenceCache
from ibgan_plugin.evaluation.image.suite import IMAGE_SUITE, compute_image_score, resolve_image_scores

__all__ = [
    'IMAGE_SUITE', 'FeatureStatistics', 'ImageFeatures', 'ReferenceCache', 'compute_image_score', 'density_coverage',
    'frechet_distance', 'inception_score', 'kid', 'polynomial_mmd', 'precision_recall', 'resolve_image_scores']
