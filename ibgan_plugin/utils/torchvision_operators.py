"""Lets ``import torchvision`` succeed beside a build of PyTorch that its own build does not fit."""
import importlib
import importlib.util
import warnings

import torch

#: A library's operators live as long as this object.
_declared: list[torch.library.Library] = []


def declare_torchvision_operators() -> None:
    """Let ``import torchvision`` succeed where its operators do not fit this build of PyTorch; without torchvision, do nothing.

    PyPI's build is linked to CUDA. Beside a CPU build of PyTorch its operators can not be loaded, and importing it fails, since it
    describes its operator ``nms`` without checking that it exists. MMEngine's runner imports whatever torchvision is installed, to
    log its version. This declares ``nms``, without an implementation, and says so in a warning.

    Raises:
        RuntimeError: If its import fails for another reason.
    """
    if importlib.util.find_spec('torchvision') is None:
        return
    try:
        importlib.import_module('torchvision')
    except RuntimeError as error:
        if 'operator torchvision::nms does not exist' not in str(error):
            raise
        warnings.warn('torchvision is built for another PyTorch than this one: its operators are declared, but can not be called')
        library = torch.library.Library('torchvision', 'DEF')
        for name in ('nms', 'qnms'):
            library.define(f'{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
        _declared.append(library)
        importlib.import_module('torchvision')
