"""Where image files lie: a folder, a zip or a tar file, all read the same way."""
import os
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from pathlib import Path

from ibgan_plugin.utils.errors import IBGANError

#: File names that count as images.
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')


class ImageSource(ABC):
    """Named image files, sorted by name. Can be pickled, forked and spawned.

    Attributes:
        path: The folder or archive.
        names: Paths of the images inside, with forward slashes.
    """

    def __init__(self, path: Path, names: list[str]):
        self.path = path
        self.names = sorted(name for name in names if name.lower().endswith(SUFFIXES) and '__MACOSX' not in name)

    def __len__(self) -> int:
        return len(self.names)

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Content of an image file."""


class FolderSource(ImageSource):
    """Images anywhere below a folder."""

    def __init__(self, path: Path):
        found = (Path(folder, name) for folder, _, names in os.walk(path) for name in names if not name.startswith('.'))
        super().__init__(path, [file.relative_to(path).as_posix() for file in found])

    def read(self, name: str) -> bytes:
        """Content of an image file."""
        return (self.path / name).read_bytes()


class ZipSource(ImageSource):
    """Images in a zip file."""

    def __init__(self, path: Path):
        with zipfile.ZipFile(path) as archive:
            super().__init__(path, archive.namelist())
        self._owner = 0
        self._archive: zipfile.ZipFile | None = None

    def read(self, name: str) -> bytes:
        """Content of an image file."""
        if self._archive is None or self._owner != os.getpid():  # a handle shared over a fork would share its position
            self._owner, self._archive = os.getpid(), zipfile.ZipFile(self.path)
        try:
            return self._archive.read(name)
        # A damaged stream, an unknown compression and an encrypted member raise the others.
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise IBGANError(f'{self.path}: {name}: {error}') from error

    def __getstate__(self) -> dict:
        return {**self.__dict__, '_archive': None}


class TarSource(ImageSource):
    """Images in an uncompressed tar file."""

    def __init__(self, path: Path):
        try:
            with tarfile.open(path, 'r:') as archive:
                self._places = {member.name: (member.offset_data, member.size) for member in archive if member.isfile()}
        except tarfile.TarError as error:
            raise IBGANError(f'{path} is damaged or not an uncompressed tar file: {error}; if it is compressed, '
                             'unpack it and give the folder') from error
        super().__init__(path, list(self._places))

    def read(self, name: str) -> bytes:
        """Content of an image file."""
        offset, size = self._places[name]
        with open(self.path, 'rb') as stream:
            stream.seek(offset)
            return stream.read(size)


def open_source(path: str | Path) -> ImageSource:
    """The images in a folder, zip or tar file.

    Raises:
        IBGANError: If there is nothing at ``path``.
        IBGANError: If it is neither of these, is damaged, or holds no image.
    """
    path = Path(path)
    if not path.exists():
        raise IBGANError(f'{path} does not exist')
    source: ImageSource
    if path.is_dir():
        source = FolderSource(path)
    elif path.suffix.lower() == '.zip':
        try:
            source = ZipSource(path)
        except zipfile.BadZipFile as error:
            raise IBGANError(f'{path} is damaged or not a zip file: {error}') from error
    elif '.tar' in path.suffixes or path.suffix == '.tgz':
        source = TarSource(path)
    else:
        raise IBGANError(f'{path} is neither a folder nor a .zip or .tar file')
    if not len(source):
        raise IBGANError(f'{path} holds no image ({", ".join(SUFFIXES)})')
    return source
