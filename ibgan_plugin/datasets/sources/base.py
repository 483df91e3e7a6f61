"""What all sources share: which files count as images, what is said of the others, what identifies a set."""
import hashlib
import posixpath
import stat
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_name

#: File names that count as images.
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')
#: Names that systems give to folders of copies and thumbnails, beside all that begin with a dot.
SYSTEM_NAMES = ('__MACOSX', '@eaDir', '$RECYCLE.BIN', 'System Volume Information', 'lost+found')
#: Folders within folders, at most.
MAX_DEPTH = 200
#: Links to folders that are followed, at most: a few that lead to each other make a set without end.
MAX_FOLDER_LINKS = 1000


class ImageSource(ABC):
    """Named image files, sorted by name. Can be pickled, forked and spawned.

    Attributes:
        path: The folder or archive.
        names: Paths of the images inside, with forward slashes.
        left_out: Why other files and folders were not taken, by their path inside; what is not UTF-8 in it is escaped.

    Raises:
        IBGANError: If the name of an image is not UTF-8.
    """

    def __init__(self, path: Path, names: Iterable[str], left_out: Mapping[str, str]):
        self.path = path
        reasons = dict(left_out)
        self.names = []
        for name in sorted(names):
            reason = unwanted(name)
            if reason:
                reasons[name] = reason
            else:
                check_name(path / name)
                self.names.append(name)
        self.left_out = {_escaped(name): _escaped(reason) for name, reason in reasons.items()}

    def __len__(self) -> int:
        return len(self.names)

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Content of an image file.

        Raises:
            OSError, IBGANError: If it can not be read whole, or is larger than ``MAX_FILE_BYTES``.
        """

    def checksum(self, name: str) -> int:
        """CRC-32 of an image file."""
        return zlib.crc32(self.read(name))

    def digest(self, checksums: Iterable[int]) -> str:
        """SHA-256, in hexadecimal, of the images' names and checksums: the same for a folder and an archive of it."""
        lines = (f'{name}\0{checksum}\n'.encode() for name, checksum in zip(self.names, checksums, strict=True))
        return hashlib.sha256(b''.join(lines)).hexdigest()

    def summary(self) -> str:
        """How many files and folders were left out, by reason, with an example each; empty if none was."""
        count = Counter(self.left_out.values())
        first = {reason: name for name, reason in reversed(self.left_out.items())}
        return '; '.join(f'{number:,} {reason} ({first[reason]})' for reason, number in count.items())


def _escaped(text: str) -> str:
    return text.encode(errors='backslashreplace').decode()


def unwanted(name: str) -> str | None:
    """Why a file is not taken for an image, by its path; None if it is."""
    for part in name.split('/'):
        if part.startswith('.') or part in SYSTEM_NAMES:
            return 'hidden or of the system'
    return None if name.lower().endswith(SUFFIXES) else f'no image by its name (*{posixpath.splitext(name)[1]})'


def kind_of(mode: int) -> str:
    """What a file mode that is neither a regular file nor a folder stands for, with its article."""
    kinds = {stat.S_IFIFO: 'a FIFO', stat.S_IFSOCK: 'a socket', stat.S_IFCHR: 'a device', stat.S_IFBLK: 'a device'}
    return kinds.get(stat.S_IFMT(mode), 'something else')


def count_link(links: int, path: str | Path) -> int:
    """``links``, the number of links to folders that were followed below ``path``, unless they are too many."""
    if links > MAX_FOLDER_LINKS:
        raise IBGANError(f'{path} has more than {MAX_FOLDER_LINKS:,} links to folders: do they lead to each other?')
    return links
