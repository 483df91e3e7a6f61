import numpy as np
import pytest
import torch

from ibgan_plugin.evaluation.image.extractors import Extracted
from ibgan_plugin.evaluation.image.feature_statistics import ImageFeatures

FEATURES = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
LOGITS = 2 * FEATURES[:, :2]


def collected(order, reads=('statistics', 'rows', 'logits'), max_rows=None, batch=6):
    features = ImageFeatures(reads, 20, max_rows)
    for index in np.split(order, range(batch, len(order), batch)):
        features.update(index, Extracted(FEATURES[index], LOGITS[index]))
    features.gather()
    return features


def test_rows_and_logits_come_in_the_order_of_their_numbers():
    features = collected(np.random.RandomState(1).permutation(20))
    np.testing.assert_array_equal(features.rows, FEATURES.double())
    np.testing.assert_array_equal(features.logits, LOGITS.double())
    np.testing.assert_allclose(features.statistics.mean, FEATURES.double().mean(0), rtol=1e-12)
    np.testing.assert_allclose(features.statistics.covariance, np.cov(FEATURES.double(), rowvar=False), rtol=1e-12)
    assert features.count == 20


def test_a_limit_chooses_the_same_images_whatever_the_order():
    first, second = (collected(order, max_rows=7) for order in (np.arange(20), np.arange(20)[::-1].copy()))
    assert first.rows.shape == (7, 3)
    np.testing.assert_array_equal(first.rows, second.rows)
    assert not np.array_equal(first.rows, FEATURES[:7].double())  # not the first ones: a data set may be sorted
    assert first.statistics.count == 20 and len(first.logits) == 20


def test_only_what_is_read_is_kept():
    features = collected(np.arange(20), reads=['statistics'])
    assert features.rows.size == features.logits.size == 0
    assert features.arrays().keys() == {'num_images', 'count', 'mean', 'scatter'}


def test_arrays_restore_it():
    features = collected(np.arange(20))
    again = ImageFeatures(features.reads, 20)
    again.restore(features.arrays())
    np.testing.assert_array_equal(again.rows, features.rows)
    np.testing.assert_array_equal(again.statistics.covariance, features.statistics.covariance)
    assert again.count == 20
    with pytest.raises(ValueError, match='it has 20 images, not 21'):
        ImageFeatures(features.reads, 21).restore(features.arrays())


def test_a_classifier_is_needed_for_its_score():
    with pytest.raises(ValueError, match='need an extractor that gives logits, this one gives none'):
        ImageFeatures(['logits'], 20).update(np.arange(20), Extracted(FEATURES))
