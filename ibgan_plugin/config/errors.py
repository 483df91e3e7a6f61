"""The error of a config."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ibgan_plugin.utils.errors import IBGANError


class ConfigError(IBGANError):
    """Mistakes in a config; a line each, which names the file, the key, the value and what is allowed.

    Args:
        mistakes: The message, or one for each mistake.
    """

    def __init__(self, mistakes: str | Sequence[str]) -> None:
        mistakes = [mistakes] if isinstance(mistakes, str) else mistakes
        self._lines = [' '.join(mistake.split('\n')) for mistake in mistakes]
        super().__init__('\n'.join(self._lines))

    @property
    def lines(self) -> list[str]:
        """The mistakes."""
        return self._lines


@contextmanager
def kept(mistakes: list[str]) -> Iterator[None]:
    """Inside, a :class:`ConfigError` ends the block, and its lines are added to ``mistakes``: to report them with others."""
    try:
        yield
    except ConfigError as error:
        mistakes += error.lines
