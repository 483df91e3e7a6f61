"""Checkpoint files: written whole or not at all, checked before they are used."""
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import HistoryBuffer
from torch import Tensor, nn

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_whole
from ibgan_plugin.utils.run_names import numbered_checkpoints
from ibgan_plugin.utils.safetensors_file import SUFFIX, read_safetensors

#: Name of :class:`AtomicLocalBackend` in ``backend_args=dict(backend=...)``.
ATOMIC_BACKEND = 'ibgan_atomic'
#: Newest values of each logged scalar that a checkpoint keeps.
MAX_HISTORY = 1000


class CheckpointError(IBGANError):
    """A checkpoint that can not be used; the message names the file and the reason."""


class AtomicLocalBackend(LocalBackend):
    """MMEngine's local files, but a file appears under its name only once all of it is on the disk."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes; on failure the old file stays.

        Raises:
            OSError: If the disk is full or the folder can not be written.
        """
        write_whole(filepath, obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """As :meth:`put`, for text."""
        self.put(obj.encode(encoding), filepath)


def register_atomic_backend() -> None:
    """Let MMEngine know :class:`AtomicLocalBackend` by its name; our runner and our checkpoint hook, which ask for it, do."""
    register_backend(ATOMIC_BACKEND, AtomicLocalBackend, force=True)


def load_plain(path: str | Path, mmap: bool = False, map_location: Any = 'cpu') -> Any:
    """What ``torch.save`` wrote: tensors and plain data, nothing that is executed (``weights_only=True``).

    Raises:
        CheckpointError: If the file is damaged or holds anything else.
    """
    try:
        return torch.load(path, map_location=map_location, weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        refused = re.search(r'(?:GLOBAL|global) ([\w.]+)', str(error))
        what = f'objects of type {refused.group(1)}' if refused else 'pickled objects'
        raise CheckpointError(f'checkpoint {path} holds {what}, which are not loaded since they could run code; only tensors and '
                              f'plain data are. Checkpoints of other tools: save their state_dict alone') from error
    except Exception as error:  # torch raises many kinds for a damaged archive, none of its own
        raise CheckpointError(f'checkpoint {path} can not be read ({type(error).__name__}: {str(error).splitlines()[0]}): it is no '
                              'file that torch.save wrote, or is damaged') from error


def check_checkpoint(path: str | Path) -> None:
    """Raise :class:`CheckpointError` unless ``path`` is a whole checkpoint of tensors and plain data.

    The archive's checksums are verified, and the content is loaded with ``weights_only=True``: nothing in it is executed.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f'no checkpoint file {str(path)!r}')
    if path.suffix == SUFFIX:
        read_safetensors(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # PyTorch compresses nothing: what would unpack to more than is there is forged, and is not unpacked to see
            if sum(member.file_size for member in members) > path.stat().st_size or any(member.compress_type for member in members):
                raise CheckpointError(f'checkpoint {path} is not as PyTorch writes them: it would unpack to more than it holds')
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise CheckpointError(f'checkpoint {path} is truncated or no checkpoint: {error}') from error
    if damaged is not None:
        raise CheckpointError(f'checkpoint {path} is damaged: the checksum of {damaged!r} does not fit')
    content = load_plain(path, mmap=True)
    if not isinstance(content, dict):
        raise CheckpointError(f'checkpoint {path} holds a {type(content).__name__}, expected a dict with state_dict')


def newest_whole_checkpoint(folder: str | Path) -> str:
    """Path of the whole checkpoint with the largest number in a folder; damaged ones are named in a warning.

    MMEngine's file ``last_checkpoint`` is not read: it may be older than the newest, or damaged itself.

    Raises:
        CheckpointError: If none can be loaded; names them.
    """
    problems = []
    for path in reversed(numbered_checkpoints(folder).values()):
        try:
            check_checkpoint(path)
        except CheckpointError as error:
            problems.append(str(error))
            continue
        for problem in problems:
            warnings.warn(f'{problem}; going back to {path}')
        return str(path)
    raise CheckpointError(f'none of the checkpoints in {folder} can be loaded: {"; ".join(problems) or "there is none"}')


def read_checkpoint(path: str | Path, map_location: Any = 'cpu') -> dict[str, Any]:
    """What a local checkpoint file holds, after :func:`check_checkpoint`; the only way by which this package reads one.

    A ``.safetensors`` file holds weights alone, under ``state_dict``, and the model's ``config``.

    Raises:
        CheckpointError: If the file is missing, no local file, damaged, or holds more than tensors and plain data.
    """
    if '://' in str(path):
        raise CheckpointError(f'checkpoint {path} is no local file, and nothing is downloaded while a program runs: fetch it first')
    if Path(path).suffix == SUFFIX:
        return read_safetensors(path)
    check_checkpoint(path)
    return load_plain(path, map_location=map_location)


def check_weights(where: Any, given: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise :class:`CheckpointError` unless the weights ``given`` in ``where`` are those of a model with the weights ``own``.

    They have the same names and shapes; each is a dense tensor of real numbers, all finite, and of integers where the model has
    integers. Floating-point weights of another precision fit.
    """
    for problem, missing in (('lacks', own.keys() - given.keys()), ('has, beyond the model,', given.keys() - own.keys())):
        if missing:
            keys = sorted(missing)
            more = f' and {len(keys) - 1} more' if len(keys) > 1 else ''
            raise CheckpointError(f'{where} does not fit the config: it {problem} {keys[0]!r}{more}')
    for key, value in own.items():
        problem = tensor_problem(given[key], value)
        if problem:
            raise CheckpointError(f'{where} does not fit the config: {key!r} {problem}')


def fitting_weights(where: Any, given: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The weights of ``given`` that fit a model with the weights ``own``, and in words what does not.

    Raises:
        CheckpointError: If nothing fits.
    """
    fitting = {key: value for key, value in given.items() if key in own and not tensor_problem(value, own[key])}
    if not fitting:
        raise CheckpointError(f'{where} does not fit the config: none of its weights has the name and shape of one of the model')
    left_out = [f'{key} {tensor_problem(value, own[key])}' if key in own else f'{key} is not in the model'
                for key, value in given.items() if key not in fitting]
    return fitting, left_out + [f'{key} is not in the checkpoint' for key in own if key not in given]


def restore_trained(checkpoint: dict[str, Any]) -> None:
    """Put the trained weights of a checkpoint in the place of their averages, as MMEngine's ``EMAHook`` would on resuming."""
    for key, value in checkpoint['ema_state_dict'].items():
        if key.removeprefix('module.') in checkpoint['state_dict']:
            checkpoint['state_dict'][key.removeprefix('module.')] = value


def tensor_problem(given: Any, own: Tensor) -> str:
    """Why ``given``, from a file, can not take the place of ``own``; '' if it can."""
    if not isinstance(given, Tensor):
        return f'is a {type(given).__name__} in it, but a tensor in the model'
    if given.layout != torch.strided or given.is_quantized or given.is_meta:
        kind = 'quantised' if given.is_quantized else 'without values (meta)' if given.is_meta else str(given.layout)
        return f'is {kind} in it, but dense in the model'
    if given.shape != own.shape:
        return f'has shape {tuple(given.shape)} in it, but {tuple(own.shape)} in the model'
    if given.dtype != own.dtype and not (given.is_floating_point() and own.is_floating_point()):
        return f'is of {given.dtype} in it, but of {own.dtype} in the model'
    if given.is_floating_point() and not given.isfinite().all():
        return 'holds NaN or infinity'
    return ''


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Load the weights of a checkpoint file, all of them and no others.

    Raises:
        CheckpointError: If the file is damaged, holds more than tensors and plain data, or does not fit ``model``.
    """
    content = read_checkpoint(path)
    weights = content.get('state_dict', content)
    check_weights(path, weights, model.state_dict())
    model.load_state_dict(weights)


def check_pretrained(name: str, module: nn.Module) -> None:
    """Raise :class:`CheckpointError` unless the file of ``init_cfg=dict(type='Pretrained', ...)`` fits the module of that name.

    MMEngine loads what fits and passes over the rest.
    """
    init_cfg = getattr(module, 'init_cfg', None)
    for each in init_cfg if isinstance(init_cfg, list | tuple) else [init_cfg]:
        if not isinstance(each, Mapping) or each.get('type') != 'Pretrained':
            continue
        content = read_checkpoint(each['checkpoint'])
        weights, prefix = content.get('state_dict', content), each.get('prefix')
        if prefix:
            start = f'{prefix.rstrip(".")}.'
            weights = {key.removeprefix(start): value for key, value in weights.items() if key.startswith(start)}
        check_weights(f'{f"model.{name}".rstrip(".")}.init_cfg: {each["checkpoint"]}', weights, module.state_dict())


def history_to_plain(checkpoint: dict[str, Any]) -> None:
    """Replace, in a checkpoint to be saved, MMEngine's log buffers by lists and numpy's scalars by numbers.

    MMEngine pickles ``HistoryBuffer`` objects and numpy scalars, which ``torch.load(weights_only=True)`` refuses. Of each buffer
    the newest ``MAX_HISTORY`` values are kept. What is plain already stays as it is.
    """
    hub = checkpoint['message_hub']
    hub['runtime_info'] = {key: value.item() if isinstance(value, np.generic) else value
                           for key, value in hub['runtime_info'].items()}
    hub['log_scalars'] = {key: _plain(buffer) if isinstance(buffer, HistoryBuffer) else buffer
                          for key, buffer in hub['log_scalars'].items()}


def _plain(buffer: HistoryBuffer) -> dict[str, list]:
    values, counts = (column[-MAX_HISTORY:].tolist() for column in buffer.data)
    return dict(values=values, counts=counts)


def history_from_plain(checkpoint: dict[str, Any], where: Any) -> None:
    """Rebuild the log buffers of a loaded checkpoint that :func:`history_to_plain` has made plain, unless that has been done.

    Raises:
        CheckpointError: If they are not as it writes them; names the file, ``where``.
    """
    if 'message_hub' not in checkpoint:
        return
    try:
        scalars = checkpoint['message_hub']['log_scalars']
        for key, value in scalars.items():
            if not isinstance(value, HistoryBuffer):
                scalars[key] = HistoryBuffer(value['values'], value['counts'], MAX_HISTORY)
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f'checkpoint {where}: its message_hub is not as this package writes it ({error})') from error
