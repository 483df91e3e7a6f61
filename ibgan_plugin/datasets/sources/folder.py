"""Images in a folder."""
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ibgan_plugin.datasets.codec import MAX_FILE_BYTES
from ibgan_plugin.datasets.sources.base import MAX_DEPTH, ImageSource, count_link, kind_of, unwanted
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import read_bytes


class FolderSource(ImageSource):
    """Images anywhere below a folder.

    Args:
        path: The folder.
        skip_unreadable: Leave out, and name, folders that can not be read.

    Raises:
        IBGANError: At the first folder that can not be read, unless such are to be left out.
    """

    def __init__(self, path: Path, skip_unreadable: bool = False):
        self.path = path
        self._skip_unreadable = skip_unreadable
        self._links = 0
        left_out: dict[str, str] = {}
        super().__init__(path, list(self._walk(path, '', (os.path.realpath(path), ), left_out)), left_out)

    def _walk(self, folder: Path, prefix: str, above: tuple[str, ...], left_out: dict[str, str]) -> Iterator[str]:
        """Paths of the regular files below ``folder``; ``above`` are the real paths of it and the folders that led there."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not self._skip_unreadable:
                raise IBGANError(f'{folder} can not be read ({error.strerror}): its images would be missing; '
                                 'pass --skip-unreadable to leave it out') from error
            left_out[prefix.rstrip('/') or '.'] = 'a folder that can not be read'
            return
        for entry in entries:
            name = prefix + entry.name
            try:
                mode = entry.stat().st_mode
            except OSError as error:
                left_out[name] = 'a link that leads nowhere' if entry.is_symlink() else f'not to be read: {error.strerror}'
                continue
            if stat.S_ISREG(mode):
                yield name
            elif not stat.S_ISDIR(mode):
                left_out[name] = f'no regular file, but {kind_of(mode)}'
            elif unwanted(f'{entry.name}/x.png'):
                left_out[name] = 'hidden or of the system'
            elif (real := os.path.realpath(entry.path)) in above:
                left_out[name] = 'a link to a folder that it is in'
            elif len(above) > MAX_DEPTH:
                left_out[name] = f'more than {MAX_DEPTH} folders deep'
            else:
                self._links = count_link(self._links + entry.is_symlink(), self.path)
                yield from self._walk(Path(entry.path), f'{name}/', (*above, real), left_out)

    def read(self, name: str) -> bytes:
        """Content of an image file."""
        return read_bytes(self.path / name, MAX_FILE_BYTES)
