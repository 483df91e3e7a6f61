import numpy as np
import pytest
import torch

from ibgan_plugin.evaluation.image.extractors import Extracted
from ibgan_plugin.evaluation.image.feature_statistics import ImageFeatures
from ibgan_plugin.evaluation.image.reference_cache import ReferenceCache

READS = ('statistics', 'rows')
KEY = {'dataset': 'abc', 'dataset_name': 'faces', 'num_images': 9}


def empty():
    return ImageFeatures(READS, 9)


@pytest.fixture
def stored(tmp_path):
    features = empty()
    features.update(np.arange(9), Extracted(torch.randn(9, 4)))
    features.gather()
    cache = ReferenceCache(tmp_path, KEY)
    cache.save(features)
    return cache, features


def test_hit_is_exact(stored, tmp_path):
    cache, features = stored
    again = empty()
    assert ReferenceCache(tmp_path, KEY).load(again)
    np.testing.assert_array_equal(again.rows, features.rows)
    np.testing.assert_array_equal(again.statistics.scatter, features.statistics.scatter)
    assert [path.name for path in tmp_path.iterdir()] == [cache.path.name]  # nothing half-written stays
    assert cache.path.name.startswith('faces_')


def test_other_key_misses(stored, tmp_path):
    assert not ReferenceCache(tmp_path, {**KEY, 'dataset': 'abd'}).load(empty())


@pytest.mark.parametrize('damage', ['truncated', 'flipped', 'text', 'pickled', 'renamed'])
def test_a_damaged_file_is_not_used(stored, tmp_path, damage):
    cache, _ = stored
    data = cache.path.read_bytes()
    if damage == 'pickled':
        np.savez(cache.path, key=np.array([{}], dtype=object))
    elif damage == 'renamed':
        cache.path.rename(other := ReferenceCache(tmp_path, {**KEY, 'dataset': 'abd'}).path)
        cache = ReferenceCache(tmp_path, {**KEY, 'dataset': 'abd'})
        assert cache.path == other
    else:
        place = data.index(b'scatter.npy') + 150
        cache.path.write_bytes({'truncated': data[:len(data) // 2], 'text': b'hello',
                                'flipped': data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]}[damage])
    with pytest.warns(UserWarning, match=r'faces_.*\.npz are not usable and are computed again'):
        assert not cache.load(empty())
