"""Warnings of Python in a run's log."""
import logging
import re

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
    logging.captureWarnings(True)
    logger = logging.getLogger('py.warnings')
    logger.propagate = False
    screen = logging.StreamHandler()
    screen.setFormatter(_OneLine())
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
