"""Calling ``tools/train.py``, and what it says."""
from tests.reliability.training import Tool


def train(folder, *words) -> tuple[int, str]:
    return Tool(folder, 'train.py', *words).wait()


def error(text: str) -> str:
    """The one line of an error; there is no traceback."""
    assert 'Traceback' not in text, text
    line, = (line for line in text.splitlines() if line.startswith('error: '))
    return line
