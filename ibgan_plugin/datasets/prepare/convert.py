"""From image files to records: decode, crop, resize, encode, on all cores."""
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tqdm import tqdm

from ibgan_plugin.datasets.codec import ENCODINGS, ImageError, decode, encode
from ibgan_plugin.datasets.lmdb_images import KIND
from ibgan_plugin.datasets.prepare.threads import in_order
from ibgan_plugin.datasets.sources import ImageSource
from ibgan_plugin.datasets.store.writer import Arrays, Job, no_arrays
from ibgan_plugin.datasets.transforms import CropResize
from ibgan_plugin.utils.errors import IBGANError

_BLOCK = 512  # images that are read ahead
#: Bytes a 64x64 colour record takes on disk, pages included; used to guess the size of the file.
_DISK_BYTES = {'raw': 16_384, 'png': 12_288, 'jpeg': 4_096}


@dataclass(frozen=True)
class Recipe:
    """What becomes of each image file.

    Attributes:
        channels: 1 for grey, 3 for red, green, blue.
        size: Side of the result in pixels.
        crop: As in :meth:`~ibgan_plugin.datasets.transforms.Crop.parse`.
        encoding: How the result is stored, a key of :data:`~ibgan_plugin.datasets.codec.ENCODINGS`.
        quality: Of JPEG, 1..100.
        expected: Width and height that an image must have before the crop; ``None`` for any.

    Raises:
        IBGANError: If an attribute is not one of its allowed values.
    """
    channels: int = 3
    size: int = 64
    crop: str = 'square'
    encoding: str = 'jpeg'
    quality: int = 95
    expected: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise IBGANError(f'channels must be 1 or 3, got {self.channels}')
        if self.encoding not in ENCODINGS:
            raise IBGANError(f'encoding must be one of {sorted(ENCODINGS)}, got {self.encoding!r}')
        if not 1 <= self.quality <= 100:
            raise IBGANError(f'quality must be in 1..100, got {self.quality}')
        CropResize(self.size, self.crop)  # checks both

    def __call__(self, data: bytes, name: str) -> bytes:
        """The record of an image file.

        Raises:
            ImageError: If it is unreadable, of an unexpected size or too small for the crop.
        """
        image = decode(data, self.channels, name)
        height, width = image.shape[:2]
        if self.expected not in (None, (width, height)):
            raise ImageError(f'{name}: the image is {width}x{height}, but the official ones are '
                             f'{"x".join(map(str, self.expected or ()))} (--partial accepts others)')
        try:
            image = CropResize(self.size, self.crop).apply(image)
        except ValueError as error:
            raise ImageError(f'{name}: {error}') from error
        return encode(image, self.encoding, self.quality)

    @property
    def layout(self) -> dict[str, Any]:
        """How the records were made and how to read them."""
        made = {'encoding': self.encoding, 'shape': (self.size, self.size, self.channels), 'crop': self.crop}
        return {**made, 'quality': self.quality} if self.encoding == 'jpeg' else made

    @property
    def disk_bytes(self) -> int:
        """About how many bytes a record takes on disk."""
        return int(max(4096, _DISK_BYTES[self.encoding] * self.size**2 * self.channels / (64 * 64 * 3)))


@dataclass
class Conversion:
    """Records of the images of a source, for :class:`~ibgan_plugin.datasets.store.writer.Job`.

    Attributes:
        source: Where the files are.
        names: Which of them, in the order of the records.
        recipe: What becomes of each.
        workers: Number of threads.
        skip_unreadable: Leave out files that can not be used, instead of stopping at the first.
        problems: What was wrong with the files that were left out, by name.
    """
    source: ImageSource
    names: Sequence[str]
    recipe: Recipe
    workers: int = 1
    skip_unreadable: bool = False
    problems: dict[str, str] = field(default_factory=dict)

    def records(self, start: int) -> Iterator[bytes | None]:
        """One record per name from ``start`` on, ``None`` for a file that is left out.

        Raises:
            ImageError: At the first file that can not be used, unless they are to be left out; if none can be used.
        """
        blocks = (self.names[first:first + _BLOCK] for first in range(start, len(self.names), _BLOCK))
        results = in_order(self._convert, blocks, self.workers)
        for name, record in zip(self.names[start:], results, strict=True):
            if isinstance(record, bytes):
                yield record
                continue
            if not self.skip_unreadable:
                raise ImageError(f'{self.source.path}: {record}; pass --skip-unreadable to leave such files out')
            self.problems[name] = record
            if len(self.problems) == len(self.names):
                raise ImageError(f'{self.source.path}: none of its {len(self.names):,} images can be used; the last: {record}')
            yield None

    def _convert(self, name: str) -> bytes | str:
        """The record of an image, or the message that says why there is none."""
        try:
            return self.recipe(self.source.read(name), name)
        except (IBGANError, OSError) as error:
            return str(error)

    def job(self, name: str, layout: dict[str, Any] | None = None, arrays: Arrays = no_arrays) -> Job:
        """The store to build: a data set called ``name``, with more ``layout`` and the annotations ``arrays`` of ``Job``.

        Reads all images once, to tell them from others of the same names.
        """
        return Job(KIND, f'{self.source.path.name} ({self._content(arrays)})', len(self.names), self.records,
                   {'name': name, **self.recipe.layout, **(layout or {})}, arrays, len(self.names) * self.recipe.disk_bytes)

    def _content(self, arrays: Arrays) -> str:
        """Names the content of images and annotations."""
        names = tqdm(self.source.names, desc=f'{self.source.path.name}: checksums', unit='file', leave=False)
        digest = self.source.digest(in_order(self._checksum, [names], self.workers))
        annotations = 0
        for name, values in sorted(arrays([]).items()):
            annotations = zlib.crc32(np.ascontiguousarray(values).tobytes(), zlib.crc32(name.encode(), annotations))
        return f'{len(self.names):,} files, SHA-256 {digest[:16]}, annotations CRC-32 {annotations:08x}'

    def _checksum(self, name: str) -> int:
        """CRC-32 of an image file, -1 if it can not be read: its turn to be reported comes later."""
        try:
            return self.source.checksum(name)
        except (IBGANError, OSError):
            return -1
