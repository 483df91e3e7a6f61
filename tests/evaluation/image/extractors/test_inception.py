import importlib.util
import sys

import pytest
import torch

from ibgan_plugin.evaluation.image.extractors import InceptionV3Extractor
from ibgan_plugin.evaluation.image.extractors.inception import SHA256, _inception_class
from tests.evaluation.stand_ins import pictures

needs_package = pytest.mark.skipif(importlib.util.find_spec('torch_fidelity') is None, reason='torch-fidelity is not installed')


def test_missing_file_is_named_with_its_hash():
    with pytest.raises(ValueError) as error:
        InceptionV3Extractor('data/inception/weights.pth')
    for part in ('there is no file data/inception/weights.pth', 'pt_inception-2015-12-05-6726825d.pth', f'SHA-256 {SHA256}',
                 'weights-inception-2015-12-05-6726825d.pth', 'nothing is downloaded'):
        assert part in str(error.value)


def test_other_file(tmp_path):
    torch.save({}, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=r"weights.pth has the SHA-256 .{8}\.\.\., but pt_inception.* has 6726825d\.\.\."):
        InceptionV3Extractor(tmp_path / 'weights.pth')


def test_missing_package(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    torch.save({}, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='needs the package torch-fidelity: pip install --no-deps torch-fidelity'):
        InceptionV3Extractor(tmp_path / 'weights.pth', sha256='')


@needs_package
def test_no_torchvision_is_needed_and_the_package_stays_importable():
    assert _inception_class().__name__ == 'FeatureExtractorInceptionV3'
    assert not any(name.startswith('torch_fidelity') for name in sys.modules)
    assert 'torchvision' not in sys.modules


@needs_package
def test_weights_of_another_network(tmp_path):
    torch.save({'weight': torch.zeros(1)}, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=r'weights\.pth holds no weights of InceptionV3'):
        InceptionV3Extractor(tmp_path / 'weights.pth', sha256='')


@needs_package
def test_features_are_those_of_torch_fidelity(tmp_path, monkeypatch):
    cls = _inception_class()
    torch.manual_seed(0)
    monkeypatch.setitem(cls.__init__.__globals__, 'load_state_dict_from_url', lambda url, **_: {})
    monkeypatch.setattr(cls, 'load_state_dict', lambda self, state: None)
    reference = cls('inception-v3-compat', ['2048', 'logits_unbiased'])  # random weights
    torch.save(torch.nn.Module.state_dict(reference), tmp_path / 'weights.pth')
    extractor = InceptionV3Extractor(tmp_path / 'weights.pth', sha256='')
    imgs = pictures(2, channels=1)
    features, logits = extractor(imgs)
    assert features.shape == (2, 2048) and logits.shape == (2, 1008)
    expected = reference(imgs.expand(-1, 3, -1, -1))
    assert torch.equal(features, expected[0]) and torch.equal(logits, expected[1])
    assert extractor.is_inception and len(extractor.fingerprint['sha256']) == 64
