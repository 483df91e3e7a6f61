"""A log that people read: ten lines of header, a line of progress, where things are at the end; warnings of Python too."""
import datetime
import json
import logging
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.runner import LogProcessor
from mmengine.visualization import LocalVisBackend
from torch import nn

from ibgan_plugin.registry import LOG_PROCESSORS, VISBACKENDS
from ibgan_plugin.utils.files import write_whole

#: How messages of MMEngine begin that say nothing of this run.
BOILERPLATE = ('Hooks will be executed in the following order', '"FileClient" will be deprecated', '"HardDiskBackend" is the alias',
               'Checkpoints will be saved to', '`save_param_scheduler` is True but', '`resume_param_scheduler` is True but',
               'Exp name:', 'Load checkpoint from', 'Saving checkpoint at')
_WARNING = re.compile(r'^.*?:\d+: (\w+): (.*)', re.DOTALL)


class _Kept(logging.Handler):
    """Keeps what was said before there was a log file."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class _OneLine(logging.Formatter):
    """A warning's message, without the place in the code and the line there."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        match = _WARNING.match(text)
        return f'warning: {(match.group(2).splitlines() or [""])[0] if match else text}'


_kept = _Kept()


def hear_warnings() -> None:
    """From here on warnings of Python are one line on stderr, and go to the log file of the process's run. For tools."""
    logging.captureWarnings(False)  # somebody may have put ``warnings.showwarning`` back since an earlier call
    logging.captureWarnings(True)
    logger = logging.getLogger('py.warnings')
    logger.propagate = False
    screen = logging.StreamHandler()
    screen.setFormatter(_OneLine())
    _kept.records.clear()  # those of an earlier tool in this process are not this one's
    logger.handlers = [screen, _kept]


def write_warnings_to(log: logging.Logger) -> None:
    """Write the warnings heard so far, and those to come, to the files of a logger."""
    logger = logging.getLogger('py.warnings')
    if _kept not in logger.handlers:  # no tool: warnings are somebody else's
        return
    for handler in log.handlers:
        if isinstance(handler, logging.FileHandler):
            for record in _kept.records:
                handler.handle(record)
            logger.addHandler(handler)
    logger.removeHandler(_kept)


class _NoBoilerplate(logging.Filter):
    """Leaves out what :data:`BOILERPLATE` lists."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = str(record.msg)
        return not text.startswith(BOILERPLATE) and 'has no metainfo. ``dataset_meta``' not in text


def silence_boilerplate(log: logging.Logger) -> None:
    """Keep MMEngine's remarks about itself out of a logger."""
    if not any(isinstance(each, _NoBoilerplate) for each in log.filters):
        log.addFilter(_NoBoilerplate())


def count(number: int) -> str:
    """A count as people read it: 4.50 M, 737,280."""
    return f'{number / 1e6:.2f} M' if number >= 1_000_000 else f'{number:,}'


def parameter_counts(model: nn.Module) -> str:
    """Parameters of a model and of each of its parts that has any."""
    parts = {name: sum(parameter.numel() for parameter in part.parameters()) for name, part in model.named_children()}
    whole = ', '.join(f'{name} {count(number)}' for name, number in parts.items() if number)
    return f'{type(model).__name__}: {whole}'


def header(**rows: str) -> str:
    """Rows of a name and what it is, one a line."""
    width = max(map(len, rows))
    return '\n'.join(f'{name:<{width}}  {text}' for name, text in rows.items())


def short(value: float) -> str:
    """A number in at most seven characters, and a sign."""
    return f'{value:.3f}' if abs(value) < 100 else f'{value:.1f}' if abs(value) < 99_999 else f'{value:.1e}'


def duration(seconds: float) -> str:
    """0:02:15, or 3.4 d."""
    return f'{seconds / 86_400:.1f} d' if seconds >= 86_400 else str(datetime.timedelta(seconds=int(seconds)))


def progress_line(values: Mapping[str, float], iteration: int, max_iters: int, eta: float | None = None,
                  active_dims: int | None = None, noise: float | None = None) -> str:
    """What matters of an iteration in fewer than 125 characters; a logger's prefix has 36.

    Args:
        values: Logged values: ``loss_disc*`` and ``loss_gen``, or other losses; ``mi_lower_bound``, ``mi_upper_bound`` in nats;
            ``time``, seconds an iteration.
        iteration: Iterations done.
        max_iters: Iterations of the whole run.
        eta: Seconds to its end.
        active_dims: Dimensions of r that carry information.
        noise: Standard deviation of the instance noise.
    """
    parts = [f'[{iteration:>{len(str(max_iters))}}/{max_iters}]']
    disc = [value for key, value in values.items() if key.startswith('loss_disc')]
    if disc and 'loss_gen' in values:
        parts += [f'D {short(sum(disc))}', f'G {short(values["loss_gen"])}']
    else:
        parts += [f'{key.removeprefix("loss_")} {short(value)}' for key, value in values.items() if key.startswith('loss')][:4]
    if 'mi_lower_bound' in values and 'mi_upper_bound' in values:
        parts.append(f'bounds {short(values["mi_lower_bound"])} to {short(values["mi_upper_bound"])} nats')
    if active_dims is not None:
        parts.append(f'active {active_dims}')
    if noise is not None:
        parts.append(f'noise {noise:.3f}')
    if 'time' in values:
        parts.append(f'{short(values["time"])} s/it')
    if eta is not None:
        parts.append(f'ETA {duration(eta)}')
    return '  '.join(parts)


@LOG_PROCESSORS.register_module()
class ProgressLog(LogProcessor):
    """MMEngine's ``LogProcessor`` whose lines show what matters; everything goes to the visualiser's backends as before.

    Args: as ``mmengine.runner.LogProcessor``; ``by_epoch`` is False by default.
    """

    def __init__(self, *args: Any, by_epoch: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, by_epoch=by_epoch, **kwargs)

    def get_log_after_iter(self, runner: Any, batch_idx: int, mode: str) -> tuple[dict, str]:
        """Values for the backends, and :func:`progress_line`."""
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        if mode != 'train' or self.by_epoch:
            return tag, line
        info = runner.message_hub.runtime_info
        return tag, progress_line(tag, runner.iter + 1, runner.max_iters, info.get('eta'), info.get('active_dims'),
                                  info.get('instance_noise_std'))

    def get_log_after_epoch(self, runner: Any, batch_idx: int, mode: str, with_non_scalar: bool = False) -> tuple[dict, str]:
        """Values for the backends, and the scores of a validation by their names."""
        tag, line = super().get_log_after_epoch(runner, batch_idx, mode, with_non_scalar)
        if mode != 'val' or self.by_epoch:
            return tag, line
        scores = {key: value for key, value in tag.items() if not key.endswith('time') and isinstance(value, float)}
        return tag, '  '.join(['validation', *(f'{key} {value:.4f}' for key, value in scores.items())])


@VISBACKENDS.register_module(name='LocalVisBackend')
class StrictLocalVisBackend(LocalVisBackend):
    """MMEngine's ``LocalVisBackend`` that writes strict JSON, null for NaN and infinity, and names the file on a full disk.

    Args: as ``mmengine.visualization.LocalVisBackend``.
    """

    def _dump(self, value_dict: dict, file_path: str, file_format: str) -> None:
        """Append a line; MMEngine's writes ``NaN`` and ``Infinity``, which no other reader of JSON takes."""
        plain = {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in value_dict.items()}
        try:
            super()._dump(plain, file_path, file_format)
        except OSError as error:
            raise OSError(error.errno, f'could not write {file_path}: {error.strerror or error}') from error


def write_environment(path: Path, environment: Mapping[str, Any]) -> None:
    """Write what machine and packages are as one flat JSON object."""
    write_whole(path, json.dumps({str(key): str(value) for key, value in environment.items()}, indent=1) + '\n')
