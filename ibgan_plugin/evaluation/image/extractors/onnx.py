"""Any network saved as ONNX."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor, Normalize, check_file
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


@MODELS.register_module()
class OnnxExtractor(ImageExtractor):
    """A file that onnxruntime runs, on CUDA where its build and the machine have it.

    The network's one input are images float32 [N, C, S, S] with N free; its first output are features (N rows, flattened to
    [N, D]), its second, if any, logits [N, K].

    Args:
        path: The file.
        channels, image_size, mean, std: See :class:`~ibgan_plugin.evaluation.image.extractors.TorchScriptExtractor`.

    Raises:
        IBGANError: If the file is missing or no ONNX file, the package onnxruntime is missing, or an argument does not fit.
    """

    def __init__(self, path: str | Path, channels: int | None = 3, image_size: int | None = None,
                 mean: float | Sequence[float] = 0.0, std: float | Sequence[float] = 1.0) -> None:
        super().__init__(channels, image_size)
        self.normalize = Normalize(mean, std)
        self.path = check_file(path, 'OnnxExtractor')
        try:
            import onnxruntime
        except ImportError as error:
            raise IBGANError(f"OnnxExtractor needs the package onnxruntime: pip install 'ibgan_plugin[onnx]' ({error})") from error
        providers = [name for name in ('CUDAExecutionProvider', 'CPUExecutionProvider')
                     if name in onnxruntime.get_available_providers()]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        try:
            self._session = onnxruntime.InferenceSession(str(self.path), options, providers=providers)
        except Exception as error:  # onnxruntime raises a dozen kinds, none of a common base
            raise IBGANError(f'OnnxExtractor: {path} is no ONNX file: {str(error).splitlines()[0]}') from error

    def extract(self, imgs: Tensor) -> Extracted:
        """Features, and logits where there is a second output."""
        outputs = self._session.run(None, {self._session.get_inputs()[0].name: self.normalize(imgs).cpu().numpy()})
        return Extracted(*(torch.from_numpy(output) for output in outputs[:2]))

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The file's hash and the settings."""
        return self.describe(self.path, **self.normalize.settings)
