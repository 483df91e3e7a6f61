"""What Linux's control groups leave this process of the machine: in containers, and under systemd or Slurm."""
from contextlib import suppress
from pathlib import Path, PurePosixPath

ROOT, GROUPS = Path('/sys/fs/cgroup'), Path('/proc/self/cgroup')


def core_quota(root: Path = ROOT, groups: Path = GROUPS) -> float | None:
    """Cores that this process may use at a time, by the tightest of the groups it is in; None where there is no limit."""
    return min((quota for folder in _folders('cpu', root, groups) if (quota := _cores(folder)) is not None), default=None)


def memory_limit(root: Path = ROOT, groups: Path = GROUPS) -> int | None:
    """Bytes of memory that this process may use, by the tightest of the groups it is in; None where there is no limit."""
    return min((limit for folder in _folders('memory', root, groups) if (limit := _bytes(folder)) is not None), default=None)


def _folders(controller: str, root: Path, groups: Path) -> list[Path]:
    """Folders of this process's groups and of those around them, of version 2 and of version 1's ``controller``.

    In a container the path may be that of the host: what is not there sets no limit, and the root is always asked.
    """
    folders = [root, root / controller]
    with suppress(OSError, ValueError):
        for line in groups.read_text().splitlines():
            _, controllers, path = line.split(':', 2)
            if not controllers or controller in controllers.split(','):
                base, group = root / (controller if controllers else ''), PurePosixPath(path.strip('/'))
                folders += [base / each for each in (group, *group.parents)]
    return folders


def _cores(folder: Path) -> float | None:
    """What one group grants, version 2 or 1."""
    with suppress(OSError, ValueError):
        limit, period = (folder / 'cpu.max').read_text().split()
        return None if limit == 'max' else int(limit) / int(period)
    with suppress(OSError, ValueError):
        quota, each = (int((folder / f'cpu.cfs_{name}_us').read_text()) for name in ('quota', 'period'))
        return quota / each if quota > 0 else None
    return None


def _bytes(folder: Path) -> int | None:
    """What one group grants, version 2 or 1, where no limit is a number near 2^63."""
    for name in ('memory.max', 'memory.limit_in_bytes'):
        with suppress(OSError, ValueError):  # no such file, or 'max'
            return int((folder / name).read_text())
    return None
