"""Parts of a trained model as files that need neither this package nor, for ONNX, PyTorch."""
import copy
import importlib.util
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from ibgan_plugin.config.check import KNOWN_PACKAGES
from ibgan_plugin.config.data_paths import forget_data_places
from ibgan_plugin.config.types import NAMING, find_type, package_of, registries_at, walk
from ibgan_plugin.engine.load_model import load_model
from ibgan_plugin.models.base import LatentModel, Part
from ibgan_plugin.registry import SCOPE
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_suffix, whole_file
from ibgan_plugin.utils.safetensors_file import SUFFIX, write_safetensors

#: Formats of a part, and how their files are called.
FORMATS = dict(onnx=('.onnx', ), torchscript=('.pt', '.ts', '.torchscript'))
#: Of ONNX: the first that the exporter of all supported versions of PyTorch writes without a conversion.
OPSET = 18
#: Largest difference between the file and the model, relative to the largest output, that rounding explains.
TOLERANCE = 1e-4


def part_of(model: LatentModel, name: str) -> Part:
    """A part of ``model``, copied to the CPU and in eval mode.

    Args:
        model: Trained model.
        name: One of the names of :meth:`~ibgan_plugin.models.base.LatentModel.exportable_parts`: ``'generator'`` (``r`` ->
            ``image``), ``'representation'`` (``image`` -> ``r``), and what else the model has; for an IB-GAN ``'encoder'``
            (``z`` -> ``mu``, ``logvar``) and ``'reconstructor'`` (``image`` -> ``z``).

    Raises:
        IBGANError: If the model has no such part.
    """
    model = copy.deepcopy(model).cpu().eval().to(memory_format=torch.contiguous_format)
    parts = model.exportable_parts()
    if name not in parts:
        raise IBGANError(f'part must be one that this {type(model).__name__} has, {" or ".join(parts)}, got {name!r}')
    return parts[name]._replace(network=parts[name].network.eval())


def export_weights(config: Config, weights: str | Path, path: str | Path) -> None:
    """Write all weights of a model in half precision, and its config, as a safetensors file.

    Args:
        config: Of the model; goes into the file whole, but for where its run saved, what it started from, and where this machine
            has the data sets.
        weights: Checkpoint of the model.
        path: File to write. A warning says which packages it needs, where its config names types of others than this one: the
            config in a file is data and imports nothing.

    Raises:
        IBGANError: If ``path`` has another suffix, the config has a mistake, or the checkpoint is not one of this model.
    """
    check_suffix(path, (SUFFIX, ))
    model = load_model(config, weights)
    plain = {key: value for key, value in config.to_dict().items() if key not in ('work_dir', 'load_from', 'resume')}
    content = json.loads(json.dumps(plain, default=str))
    forget_data_places(content)
    write_safetensors(path, model.state_dict(), content)
    packages = ', '.join(_other_packages(plain))
    if packages:
        warnings.warn(f'{path} has a model or parts of {packages}: it is refused where that is not imported; tools take it with '
                      'its Python config, as CHECKPOINT')


def _other_packages(config: dict[str, Any]) -> list[str]:
    """Packages whose types a config names, apart from those that each tool imports."""
    scope = config.get('default_scope')
    found = [find_type(value, scope, registries_at(f'{path}.{key}'.strip('.').removesuffix('.type')))
             for path, node in walk('', config) for key, value in node.items() if key in NAMING and isinstance(value, str)]
    roots = {package_of(each) for each in found if each is not None}
    return sorted((roots | {scope or SCOPE}) - {*KNOWN_PACKAGES, ''})


def check_format(file_format: str, path: str | Path) -> None:
    """Raise IBGANError unless a part can be exported in this format to a file of this name.

    A checkpoint's ``.pth``, or another format's suffix, would be found out only by whoever loads the file.
    """
    if file_format not in FORMATS:
        raise IBGANError(f'format must be one of {tuple(FORMATS)}, got {file_format!r}')
    check_suffix(path, FORMATS[file_format], f'a file of format {file_format}')


def export(model: LatentModel, name: str, file_format: str, path: str | Path) -> float | None:
    """Write a part of ``model`` to a file, whole or not at all, and compare what the file computes with the model.

    Args:
        model: Trained model.
        name: See :func:`part_of`.
        file_format: ``'onnx'`` or ``'torchscript'``.
        path: File to write.

    Returns:
        The largest absolute difference on five random inputs; None for ONNX where onnxruntime is missing.

    Raises:
        IBGANError: If an argument is unknown, ``path`` has a suffix of something else, a package is missing, or the file computes
            something else.
        OSError: If the file can not be written.
    """
    check_format(file_format, path)
    part = part_of(model, name)
    write, run = (_write_onnx, run_onnx) if file_format == 'onnx' else (_write_torchscript, run_torchscript)
    with whole_file(path) as unfinished:
        write(part, unfinished)
        if file_format == 'onnx' and not importlib.util.find_spec('onnxruntime'):
            return None
        return _difference(part, run, unfinished)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' remarks: on packages that are not there, and on checks of shapes, which are fixed but for N."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def _write_onnx(part: Part, path: Path) -> None:
    for package in ('onnx', 'onnxscript'):
        if importlib.util.find_spec(package) is None:
            raise IBGANError(f"format 'onnx' needs the package {package}: pip install 'ibgan_plugin[onnx]'")
    with _quiet():
        program = torch.onnx.export(
            part.network, (part.inputs, ), input_names=[part.input_name], output_names=part.output_names, opset_version=OPSET,
            dynamo=True, dynamic_shapes=({0: torch.export.Dim('N')}, ), verbose=False)
        assert program is not None
        program.save(str(path))


@torch.jit.script_if_tracing
def _of_shape(inputs: Tensor, shape: list[int]) -> Tensor:
    if list(inputs.size())[1:] != shape:
        raise ValueError(f'inputs must have shape N x {shape}, got {inputs.size()}')
    return inputs


class _OfShape(nn.Module):
    """A network that takes inputs of one shape alone; a trace keeps none of the checks that are written in Python."""

    def __init__(self, network: nn.Module, shape: list[int]) -> None:
        super().__init__()
        self.network, self.shape = network, shape

    def forward(self, inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """As the network."""
        return self.network(_of_shape(inputs, self.shape))


def _write_torchscript(part: Part, path: Path) -> None:
    network = _OfShape(part.network, list(part.inputs.shape[1:])).eval()
    stream = io.BytesIO()  # on a full disk PyTorch's own writer ends the process
    with _quiet(), torch.no_grad():
        torch.jit.save(torch.jit.freeze(torch.jit.trace(network, part.inputs), optimize_numerics=False), stream)
    path.write_bytes(stream.getvalue())


def run_onnx(path: str | Path, inputs: Tensor) -> list[Tensor]:
    """What an ONNX file with one input computes, by onnxruntime on the CPU."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    return [torch.from_numpy(np.array(output)) for output in session.run(None, {session.get_inputs()[0].name: inputs.numpy()})]


@torch.no_grad()
def run_torchscript(path: str | Path, inputs: Tensor) -> list[Tensor]:
    """What a TorchScript file with one input computes."""
    outputs = torch.jit.load(str(path))(inputs)
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


@torch.no_grad()
def _difference(part: Part, run: Callable[[Path, Tensor], list[Tensor]], path: Path) -> float:
    """Largest difference on five inputs, another number than the exporter saw."""
    inputs = torch.rand(5, *part.inputs.shape[1:]) * 2 - 1
    expected = part.network(inputs)
    expected = expected if isinstance(expected, tuple) else (expected, )
    difference = 0.0
    for ours, theirs in zip(expected, run(path, inputs), strict=True):
        if ours.shape != theirs.shape:
            raise IBGANError(f'the exported file gives shape {tuple(theirs.shape)}, the model {tuple(ours.shape)}')
        largest = float((ours - theirs).abs().max())
        if not largest <= TOLERANCE * max(1.0, float(ours.abs().max())):  # so put, NaN is refused too
            raise IBGANError(f'the exported file differs from the model by {largest:g}')
        difference = max(difference, largest)
    return difference
