"""The Inception network of the Frechet inception distance, from a local file."""
import importlib
import importlib.util
import pickle
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor, check_file, file_sha256
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError

#: The published file, and the name under which torch-fidelity offers the same bytes.
FILE_NAME = 'pt_inception-2015-12-05-6726825d.pth'
ALIAS = 'weights-inception-2015-12-05-6726825d.pth'
SHA256 = '6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2'


@MODELS.register_module()
class InceptionV3Extractor(ImageExtractor):
    """InceptionV3 of 2015-12-05, as torch-fidelity computes it: FID, KID and Inception score as published.

    Features [N, 2048] are the last pooling layer's; logits [N, 1008] are without the bias, as the Inception score has them.
    Images of any size go in, and are resized to 299x299 as TensorFlow 1 did, which is part of the published protocol: it does
    not average, so images larger than that should be made smaller beforehand.

    Args:
        path: The weight file :data:`FILE_NAME`. Nothing is downloaded.
        sha256: What the file's SHA-256 must start with, so that scores are comparable; '' takes any weights that fit.

    Raises:
        IBGANError: If the file is missing.
        IBGANError: If it is another file, or the package torch-fidelity is missing.
    """

    is_inception = True

    def __init__(self, path: str | Path, sha256: str = SHA256) -> None:
        super().__init__(channels=3)
        self.path = check_file(path, 'InceptionV3Extractor', f' (the weights of FID: {FILE_NAME} of pytorch-fid or {ALIAS} of '
                               f'torch-fidelity, SHA-256 {SHA256})')
        self._sha256 = file_sha256(self.path)
        if not self._sha256.startswith(sha256):
            raise IBGANError(f'InceptionV3Extractor: {path} has the SHA-256 {self._sha256[:8]}..., but {FILE_NAME} has '
                             f"{sha256[:8]}...; scores of other weights are not comparable (sha256='' takes them all the same)")
        network = _inception_class()
        # torch-fidelity unpickles without restriction: what passes here is tensors alone
        try:
            torch.load(self.path, map_location='cpu', weights_only=True)
            self.network = network('inception-v3-compat', ['2048', 'logits_unbiased'],
                                   feature_extractor_weights_path=str(self.path))
        except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, TypeError) as error:
            raise IBGANError(f'InceptionV3Extractor: {path} holds no weights of InceptionV3: {_first_line(error)}') from error

    def extract(self, imgs: Tensor) -> Extracted:
        """Features and logits of images in 0..255."""
        return Extracted(*self.network(imgs.to(torch.uint8)))

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The hash of the weights."""
        return {'type': type(self).__name__, 'sha256': self._sha256}


def _inception_class() -> Any:
    """``torch_fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3``.

    The package imports torchvision when it is imported as a whole, which fails beside many builds of torch. The Inception
    network needs none of it, so the one submodule is imported with the package itself left empty meanwhile.

    Raises:
        IBGANError: If the package is not installed.
    """
    spec = importlib.util.find_spec('torch_fidelity')
    if spec is None:
        raise IBGANError('InceptionV3Extractor needs the package torch-fidelity: pip install --no-deps torch-fidelity '
                         "(or pip install 'ibgan_plugin[fid]', which brings torchvision with it)")
    name = 'torch_fidelity.feature_extractor_inceptionv3'
    if 'torch_fidelity' in sys.modules:
        return importlib.import_module(name).FeatureExtractorInceptionV3
    sys.modules['torch_fidelity'] = importlib.util.module_from_spec(spec)
    try:
        return importlib.import_module(name).FeatureExtractorInceptionV3
    finally:
        for key in [key for key in sys.modules if key.partition('.')[0] == 'torch_fidelity']:
            del sys.modules[key]  # whoever imports the package later gets all of it


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
