"""The Inception network of the Frechet inception distance, from a local file."""
import importlib
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor, check_file, file_sha256
from ibgan_plugin.evaluation.image.extractors.torchscript import load_script
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.torchvision_operators import declare_torchvision_operators

#: The published file, and the name under which torch-fidelity offers the same bytes.
FILE_NAME = 'pt_inception-2015-12-05-6726825d.pth'
ALIAS = 'weights-inception-2015-12-05-6726825d.pth'
SHA256 = '6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2'
#: Where its authors publish it.
SOURCES = ('https://github.com/mseitzer/pytorch-fid/releases/tag/fid_weights '
           f'or, as {ALIAS}, https://github.com/toshas/torch-fidelity/releases/tag/v0.2.0')


@MODELS.register_module()
class InceptionV3Extractor(ImageExtractor):
    """InceptionV3 of 2015-12-05, as FID, KID and Inception score are published with it.

    Features [N, 2048] are the last pooling layer's. Images of any size go in, and are resized to 299x299 as TensorFlow 1 did,
    which is part of the published protocol: it does not average, so images larger than that should be made smaller beforehand.

    Args:
        path: The weight file :data:`FILE_NAME`, which the package torch-fidelity runs (its logits [N, 1008] are without the bias,
            as the Inception score has them); or a TorchScript file of the same network that resizes images in 0..255 by itself,
            such as the one that StyleGAN's authors publish, which needs no package. Nothing is downloaded.
        sha256: What the file's SHA-256 must start with, so that scores are comparable; '' takes any weights that fit. None is
            :data:`SHA256` for a weight file; a TorchScript file is then taken with a warning that names its hash.

    Raises:
        IBGANError: If the file is missing, is another one or holds no such network, or the package is missing.
    """

    is_inception = True

    def __init__(self, path: str | Path, sha256: str | None = None) -> None:
        super().__init__(channels=3)
        self.path = check_file(path, 'InceptionV3Extractor', f' (the weights of FID: {FILE_NAME}, SHA-256 {SHA256}, which its '
                               f'authors publish at {SOURCES}; --features names another network, TorchScript or ONNX)')
        self._sha256 = file_sha256(self.path)
        self.is_script = _has_code(self.path)
        if self.is_script and sha256 is None:
            warnings.warn(f'InceptionV3Extractor: {path} is taken for InceptionV3 as it is; to be sure of it, set sha256='
                          f'{self._sha256!r}')
        expected = ('' if self.is_script else SHA256) if sha256 is None else sha256
        if not self._sha256.startswith(expected):
            raise IBGANError(f'InceptionV3Extractor: {path} has the SHA-256 {self._sha256[:8]}..., but {FILE_NAME} has '
                             f"{expected[:8]}...; scores of other weights are not comparable (sha256='' takes them all the same)")
        self.network = load_script(self.path, 'InceptionV3Extractor') if self.is_script else _weights(self.path)
        schema = self.network.forward.schema.arguments if self.is_script else ()  # type: ignore[attr-defined]
        self._options = {'return_features': True} if any(each.name == 'return_features' for each in schema) else {}

    def extract(self, imgs: Tensor) -> Extracted:
        """Features of images in 0..255, and logits where the network gives them."""
        imgs = imgs.to(torch.uint8)
        outputs = self.network(imgs, **self._options) if self.is_script else self.network(imgs)
        return Extracted(*outputs) if isinstance(outputs, (tuple, list)) else Extracted(outputs)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The hash of the weights."""
        return {'type': type(self).__name__, 'sha256': self._sha256}


def _has_code(path: Path) -> bool:
    """Whether a file is a TorchScript archive."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any('/code/' in name for name in archive.namelist())


def _weights(path: Path) -> torch.nn.Module:
    """torch-fidelity's network with the weights of a file."""
    network = _inception_class()
    # torch-fidelity unpickles without restriction: what passes here is tensors alone
    try:
        torch.load(path, map_location='cpu', weights_only=True)
        return network('inception-v3-compat', ['2048', 'logits_unbiased'], feature_extractor_weights_path=str(path))
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, TypeError) as error:
        raise IBGANError(f'InceptionV3Extractor: {path} holds no weights of InceptionV3: {_first_line(error)}') from error


def _inception_class() -> Any:
    """``torch_fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3``.

    Raises:
        IBGANError: If the package, or torchvision, which it imports, is not installed.
    """
    try:
        declare_torchvision_operators()
        return importlib.import_module('torch_fidelity.feature_extractor_inceptionv3').FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:
        raise IBGANError(f'InceptionV3Extractor needs the package torch-fidelity for a weight file ({_first_line(error)}): '
                         "pip install 'ibgan_plugin[fid]'; a TorchScript file of InceptionV3 needs none") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
