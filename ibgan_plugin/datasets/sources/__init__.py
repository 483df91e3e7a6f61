"""Where image files lie: a folder, a zip or a tar file, all read the same way and giving the same set of images.

What counts as an image: a file whose name ends in one of :data:`SUFFIXES`, in any case, and no part of whose path is hidden or the
system's. Links to files and folders are followed; in an archive, where they stay inside. Whatever is left out has a name and a
reason in :attr:`ImageSource.left_out`.
"""
import zipfile
import zlib
from pathlib import Path

from ibgan_plugin.datasets.sources.archives import TarSource, ZipSource
from ibgan_plugin.datasets.sources.base import SUFFIXES, ImageSource
from ibgan_plugin.datasets.sources.folder import FolderSource
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_regular_file

__all__ = ['SUFFIXES', 'FolderSource', 'ImageSource', 'TarSource', 'ZipSource', 'open_source']


def open_source(path: str | Path, skip_unreadable: bool = False) -> ImageSource:
    """The images in a folder, zip or tar file.

    Args:
        path: The folder or archive.
        skip_unreadable: Leave out, and name, subfolders that can not be read.

    Raises:
        IBGANError: If there is nothing at ``path``, it is neither of these, is damaged, or holds no image; if a subfolder can not
            be read, unless such are to be left out.
    """
    path = Path(path)
    if not path.exists():
        raise IBGANError(f'{path} {"is a link that leads nowhere" if path.is_symlink() else "does not exist"}')
    source: ImageSource
    if path.is_dir():
        source = FolderSource(path, skip_unreadable)
    else:
        check_regular_file(path, 'folder or archive')
        suffixes = [suffix.lower() for suffix in path.suffixes]
        if suffixes[-1:] == ['.zip']:
            try:
                source = ZipSource(path)
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
                raise IBGANError(f'{path} is damaged or not a zip file: {error}') from error
        elif '.tar' in suffixes or suffixes[-1:] == ['.tgz']:
            source = TarSource(path)
        else:
            raise IBGANError(f'{path} is neither a folder nor a .zip or .tar file')
    if not len(source):
        left_out = source.summary()
        raise IBGANError(f'{path} holds no image ({", ".join(SUFFIXES)})' + (f'; left out: {left_out}' if left_out else ''))
    return source
