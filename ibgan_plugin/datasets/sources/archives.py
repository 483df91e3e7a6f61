"""Images in zip and tar files."""
import os
import posixpath
import stat
import tarfile
import threading
import zipfile
import zlib
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ibgan_plugin.datasets.codec import MAX_FILE_BYTES
from ibgan_plugin.datasets.sources.base import ImageSource, kind_of
from ibgan_plugin.datasets.sources.tree import Member, Tree, inside, normalise
from ibgan_plugin.utils.errors import IBGANError


class ArchiveSource(ImageSource):
    """Images in an archive: subclasses list its members and read one.

    Args:
        path: The archive.
        entries: Normalised path and member of each entry; of several with the same path the last counts.
    """

    def __init__(self, path: Path, entries: Sequence[tuple[str, Member]]):
        members = dict(entries)
        tree = Tree(path, members)
        self._sizes = {shown: members[place].size for shown, place in tree.places.items()}
        self._places = tree.places
        count = Counter(name for name, _ in entries)
        replaced = {f'{name} (an earlier entry)': 'replaced by a later entry of the same name' for name in count if count[name] > 1}
        super().__init__(path, list(tree.places), {**tree.left_out, **replaced})

    def read(self, name: str) -> bytes:
        """Content of an image file."""
        if self._sizes[name] > MAX_FILE_BYTES:
            raise IBGANError(f'{self.path}: {name} has {self._sizes[name]:,} bytes, but at most {MAX_FILE_BYTES:,} are read')
        return self._read(self._places[name])

    @abstractmethod
    def _read(self, place: str) -> bytes:
        """Content of the member whose normalised path is ``place``."""


class ZipSource(ArchiveSource):
    """Images in a zip file."""

    def __init__(self, path: Path):
        self._owner = 0
        self._archive: zipfile.ZipFile | None = None
        self._lock = threading.Lock()
        with zipfile.ZipFile(path) as archive:
            infos = [(normalise(info.filename), info) for info in archive.infolist() if not info.is_dir()]
            entries = [(name, self._member(archive, name, info)) for name, info in infos]
        self._infos = dict(infos)
        super().__init__(path, entries)

    @staticmethod
    def _member(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> Member:
        mode = info.external_attr >> 16 if info.create_system == 3 else 0  # 3: made on Unix
        if name.startswith('../'):
            return Member(other='a path that leads out of the archive')
        if stat.S_ISLNK(mode):
            if info.file_size > 4096:
                return Member(other='a link that leads out of the archive or nowhere')
            return Member(target=inside(posixpath.dirname(name), archive.read(info).decode('utf-8', 'replace')))
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            return Member(other=f'no regular file, but {kind_of(mode)}')
        return Member(size=info.file_size)

    def checksum(self, name: str) -> int:
        """CRC-32 of an image file, as the archive states it (and as it is checked when it is read)."""
        return self._infos[self._places[name]].CRC

    def _read(self, place: str) -> bytes:
        with self._lock:
            if self._archive is None or self._owner != os.getpid():  # a handle shared over a fork would share its position
                self._owner, self._archive = os.getpid(), zipfile.ZipFile(self.path)
        try:
            return self._archive.read(self._infos[place])
        # A damaged stream, an unknown compression and an encrypted member raise the others.
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise IBGANError(f'{self.path}: {place}: {error}') from error

    def __getstate__(self) -> dict:
        return {**self.__dict__, '_archive': None, '_lock': None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state, _lock=threading.Lock())


class TarSource(ArchiveSource):
    """Images in an uncompressed tar file."""

    def __init__(self, path: Path):
        self._extents: dict[str, tuple[int, int]] = {}  # offset and size
        try:
            with tarfile.open(path, 'r:') as archive:
                entries = [(normalise(info.name), self._member(info)) for info in archive if not info.isdir()]
        except (tarfile.TarError, ValueError, OverflowError) as error:
            raise IBGANError(f'{path} is damaged or not an uncompressed tar file: {error}; if it is compressed, '
                             'unpack it and give the folder') from error
        super().__init__(path, entries)

    def _member(self, info: tarfile.TarInfo) -> Member:
        name = normalise(info.name)
        if name.startswith('../'):
            return Member(other='a path that leads out of the archive')
        if info.issym():
            return Member(target=inside(posixpath.dirname(name), info.linkname))
        if info.islnk():
            return Member(target=normalise(info.linkname))
        if not info.isreg() or info.issparse():
            return Member(other='no regular file, but ' + ('a sparse one' if info.isreg() else 'a device or FIFO'))
        self._extents[name] = info.offset_data, info.size
        return Member(size=info.size)

    def _read(self, place: str) -> bytes:
        offset, size = self._extents[place]
        with open(self.path, 'rb') as stream:
            stream.seek(offset)
            content = stream.read(size)
        if len(content) < size:
            raise IBGANError(f'{self.path}: {place}: the archive ends after {len(content)} of {size} bytes')
        return content
