"""Any network saved as TorchScript."""
import faulthandler
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ibgan_plugin.evaluation.checks import check_range
from ibgan_plugin.evaluation.image.extractors.base import Extracted, ImageExtractor, Normalize, check_file
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError

#: Names of operators that read or write files: as an archive is loaded and run, its code is bound to nothing else of the machine.
_OF_FILES = re.compile(r'\b(from_file|save|load|load_tensor|read_file|write_file|read_image|load_library|import_ir_module)\b')
#: Operators beside PyTorch's own, e.g. of a library that this process has loaded, are not known to be harmless.
_NAMESPACE = re.compile(r'\bops\s*\.\s*(\w+)')
_NAMESPACES = {'aten', 'prim', 'quantized', '_quantized'}
#: Code of more bytes is not read.
LARGEST_CODE = 2**26


def check_script(path: Path) -> None:
    """Refuse a TorchScript archive whose code could read or write files, before any of it runs: loading runs some already.

    Raises:
        IBGANError: If the file is no TorchScript archive, or its code names an operator that reads or writes files, or one that
            is not PyTorch's.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            code = [member for member in members if '/code/' in f'/{member.filename}' and member.filename.endswith('.py')]
            if not code or any(member.filename.endswith('/model.json') for member in members):
                raise IBGANError(f'{path} is no TorchScript file of PyTorch 1.4 or later')
            if sum(member.file_size for member in code) > LARGEST_CODE:
                raise IBGANError(f'{path} holds more than {LARGEST_CODE} bytes of code')
            texts = [archive.read(member).decode(errors='replace') for member in code]
    except (zipfile.BadZipFile, OSError, NotImplementedError, EOFError, RuntimeError) as error:
        raise IBGANError(f'{path} is no TorchScript file: {error}') from error
    for text in texts:
        if found := _OF_FILES.search(text):
            raise IBGANError(f'{path} is refused: its code uses {found[0]!r}, with which it could read or write files')
        for namespace in _NAMESPACE.findall(text):
            if namespace not in _NAMESPACES:
                raise IBGANError(f'{path} is refused: its code uses operators of {namespace!r}, which are not PyTorch\'s own')


def load_script(path: Path, what: str, device: torch.device | str = 'cpu') -> torch.jit.ScriptModule:
    """A checked TorchScript network in evaluation mode on ``device``; IBGANError, beginning with ``what``, where there is none."""
    try:
        check_script(path)
        return torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        reason = str(error) if isinstance(error, IBGANError) else f'{path} is no TorchScript file: {str(error).splitlines()[0]}'
        raise IBGANError(f'{what}: {reason}') from error


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    """End the process, with its traceback on stderr, if the block takes longer: a loop in a script can not be stopped otherwise.

    Args:
        seconds: Limit; 0 for none.
    """
    if not seconds or sys.__stderr__ is None:
        yield
        return
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@MODELS.register_module()
class TorchScriptExtractor(ImageExtractor):
    """A file of ``torch.jit.save``, e.g. of a traced torchvision network; neither its package nor its code is needed.

    The script takes images float32 [N, C, S, S] and returns features (N rows, flattened to [N, D]), or a pair of features and
    logits [N, K]. TorchScript runs in an interpreter of its own, without Python. Scripts with operators that read or write
    files, or that are not PyTorch's, are refused before any of them runs; that a script computes for long, or takes much memory,
    can not be told beforehand: take files from people you trust.

    Args:
        path: The file.
        channels, image_size: See :class:`~ibgan_plugin.evaluation.image.extractors.ImageExtractor`.
        mean, std: The script gets ``(images in 0..255 - mean) / std``; one number, or one for each channel. The default
            leaves 0..255 as it is.
        time_limit: Seconds that a batch may take; then the process ends, with its traceback. 0 for no limit.

    Raises:
        IBGANError: If the file is missing or no TorchScript, its code is refused, or an argument does not fit.
    """

    def __init__(self, path: str | Path, channels: int | None = 3, image_size: int | None = None,
                 mean: float | Sequence[float] = 0.0, std: float | Sequence[float] = 1.0, time_limit: float = 600.0) -> None:
        super().__init__(channels, image_size)
        check_range(0, float('inf'), time_limit=time_limit)
        self.normalize = Normalize(mean, std)
        self.path = check_file(path, 'TorchScriptExtractor')
        self.time_limit = time_limit
        self.network = load_script(self.path, 'TorchScriptExtractor')

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """As torch's; a frozen script has its weights as constants, which go to another device only as it is loaded."""
        before = self.device
        super().to(*args, **kwargs)
        if self.device != before and not any(True for _ in self.network.parameters()):
            self.network = load_script(self.path, 'TorchScriptExtractor', self.device)
        return self

    def extract(self, imgs: Tensor) -> Extracted:
        """Features, and logits where the script gives a pair.

        Raises:
            IBGANError: If the script does not take such images.
        """
        try:
            with ends_within(self.time_limit):
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
