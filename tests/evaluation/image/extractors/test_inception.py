import importlib.util
import sys

import pytest
import torch

from ibgan_plugin.evaluation.image.extractors import InceptionV3Extractor
from ibgan_plugin.evaluation.image.extractors.inception import SHA256, _inception_class
from tests.evaluation.stand_ins import Tiny, pictures

needs_package = pytest.mark.skipif(importlib.util.find_spec('torch_fidelity') is None, reason='torch-fidelity is not installed')


def test_missing_file_is_named_with_its_hash():
    with pytest.raises(ValueError) as error:
        InceptionV3Extractor('data/inception/weights.pth')
    for part in ('there is no file data/inception/weights.pth', 'pt_inception-2015-12-05-6726825d.pth', f'SHA-256 {SHA256}',
                 'weights-inception-2015-12-05-6726825d.pth', 'nothing is downloaded',
                 'https://github.com/mseitzer/pytorch-fid/releases', '--features names another network'):
        assert part in str(error.value)


def test_other_file(tmp_path):
    torch.save({}, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=r"weights.pth has the SHA-256 .{8}\.\.\., but pt_inception.* has 6726825d\.\.\."):
        InceptionV3Extractor(tmp_path / 'weights.pth')


def test_missing_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch_fidelity', None)  # as if it were not installed
    torch.save({}, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=r"needs the package torch-fidelity .*pip install 'ibgan_plugin\[fid\]'.* TorchScript"):
        InceptionV3Extractor(tmp_path / 'weights.pth', sha256='')


class Scripted(torch.nn.Module):
    """A network with the arguments of the TorchScript files that StyleGAN's authors publish."""

    def __init__(self) -> None:
        super().__init__()
        self.tiny = torch.jit.trace(Tiny().eval(), torch.zeros(2, 3, 16, 16))

    def forward(self, img: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        return self.tiny(img.float()) if return_features else torch.zeros(len(img), 5)


def test_torchscript_file_needs_no_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch_fidelity', None)
    torch.jit.save(torch.jit.script(Scripted().eval()), tmp_path / 'inception.pt')
    modules = set(sys.modules)
    with pytest.warns(UserWarning, match='is taken for InceptionV3 as it is; to be sure of it, set sha256='):
        extractor = InceptionV3Extractor(tmp_path / 'inception.pt')
    assert set(sys.modules) == modules and extractor.is_inception
    imgs = pictures(3)
    torch.testing.assert_close(extractor(imgs).features, Tiny()(imgs.float()))
    with pytest.raises(ValueError, match=r'has the SHA-256 .* scores of other weights are not comparable'):
        InceptionV3Extractor(tmp_path / 'inception.pt', sha256='00')


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
