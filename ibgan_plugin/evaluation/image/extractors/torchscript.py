"""Any network saved as TorchScript."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor, Normalize, check_file
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class TorchScriptExtractor(ImageExtractor):
    """A file of ``torch.jit.save``, e.g. of a traced torchvision network; neither its package nor its code is needed.

    The script takes images float32 [N, C, S, S] and returns features (N rows, flattened to [N, D]), or a pair of features and
    logits [N, K]. TorchScript runs in an interpreter of its own, without Python: a file can not run arbitrary code.

    Args:
        path: The file.
        channels, image_size: See :class:`~ibgan_plugin.evaluation.image.extractors.ImageExtractor`.
        mean, std: The script gets ``(images in 0..255 - mean) / std``; one number, or one for each channel. The default
            leaves 0..255 as it is.

    Raises:
        IBGANError: If the file is missing.
        IBGANError: If it is no TorchScript, or an argument does not fit.
    """

    def __init__(self, path: str | Path, channels: int | None = 3, image_size: int | None = None,
                 mean: float | Sequence[float] = 0.0, std: float | Sequence[float] = 1.0) -> None:
        super().__init__(channels, image_size)
        self.normalize = Normalize(mean, std)
        self.path = check_file(path, 'TorchScriptExtractor')
        try:
            self.network = torch.jit.load(str(self.path), map_location='cpu').eval()
        except (RuntimeError, ValueError) as error:
            raise IBGANError(f'TorchScriptExtractor: {path} is no TorchScript file: {str(error).splitlines()[0]}') from error

    def extract(self, imgs: Tensor) -> Extracted:
        """Features, and logits where the script gives a pair.

        Raises:
            IBGANError: If the script does not take such images.
        """
        try:
            outputs = self.network(self.normalize(imgs))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:  # its last line is the cause, what is above is the script's traceback
            raise IBGANError(f'TorchScriptExtractor: {self.path} can not take images of shape {list(imgs.shape)}, see channels and '
                             f'image_size: {str(error).strip().splitlines()[-1]}') from error
        return Extracted(*outputs) if isinstance(outputs, (tuple, list)) else Extracted(outputs)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The file's hash and the settings."""
        return self.describe(self.path, **self.normalize.settings)
