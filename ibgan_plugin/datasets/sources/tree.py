"""The links in an archive, followed as a file system would."""
import posixpath
from pathlib import Path
from typing import NamedTuple

from ibgan_plugin.datasets.sources.base import MAX_DEPTH, count_link, unwanted

_MAX_HOPS = 40  # links behind each other, as in Linux


class Member(NamedTuple):
    """What an archive holds under a path: a file of ``size`` bytes, or a link to ``target``, or something else."""
    size: int = 0
    target: str | None = None  # normalised path inside the archive; '..' first if it leads out
    other: str | None = None  # why it is left out


class Tree:
    """The files of an archive with its links followed, as a folder would show them.

    Args:
        path: The archive, for messages.
        members: By normalised path.
    """

    def __init__(self, path: Path, members: dict[str, Member]):
        self.path, self.members = path, members
        self.folders: dict[str, list[str]] = {'': []}
        for name in members:
            self._add_to_folder(name)
        self.left_out: dict[str, str] = {}
        self.places: dict[str, str] = {}  # path as shown -> path of the member that has the content
        self._links = 0
        self._walk('', '', ('', ))

    def _add_to_folder(self, name: str) -> None:
        while name:
            parent = posixpath.dirname(name)
            known = parent in self.folders
            self.folders.setdefault(parent, []).append(name)
            if known:
                return
            name = parent

    def _walk(self, folder: str, shown: str, above: tuple[str, ...]) -> None:
        for name in sorted(set(self.folders[folder])):
            label = posixpath.join(shown, posixpath.basename(name))
            member = self.members.get(name, Member())
            if member.other:
                self.left_out[label] = member.other
                continue
            real = self._resolve(name)
            if real is None:
                self.left_out[label] = 'a link that leads out of the archive or nowhere'
            elif real in self.folders:
                if unwanted(f'{posixpath.basename(name)}/x.png'):
                    self.left_out[label] = 'hidden or of the system'
                elif real in above:
                    self.left_out[label] = 'a link to a folder that it is in'
                elif len(above) > MAX_DEPTH:
                    self.left_out[label] = f'more than {MAX_DEPTH} folders deep'
                else:
                    self._links = count_link(self._links + (real != name), self.path)
                    self._walk(real, label, (*above, real))
            else:
                self.places[label] = real

    def _resolve(self, name: str) -> str | None:
        """The path without links of a member or folder, None if there is none."""
        for _ in range(_MAX_HOPS):
            parts = name.split('/')
            for end in range(1, len(parts) + 1):
                member = self.members.get('/'.join(parts[:end]))
                if member is not None and member.target is not None:
                    name = posixpath.normpath(posixpath.join(member.target, *parts[end:]))
                    break
            else:
                name = '' if name == '.' else name
                return name if name in self.folders or (name in self.members and not self.members[name].other) else None
            if name.startswith('../') or name == '..':
                return None
        return None


def normalise(name: str) -> str:
    """Path inside an archive without ``.``, doubled or leading slashes; begins with ``../`` if it leads out."""
    return posixpath.normpath(name).lstrip('/')


def inside(folder: str, target: str) -> str:
    """Path inside the archive of a link's target, as seen from the link's folder; ``..`` if it leads out."""
    return '..' if target.startswith('/') else posixpath.normpath(posixpath.join(folder, target))
