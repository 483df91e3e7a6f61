"""Which code made a result."""
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import ibgan_plugin

#: Packages whose versions decide numbers.
PACKAGES = ('torch', 'mmengine', 'numpy', 'scipy', 'scikit-learn')


def provenance() -> dict[str, str]:
    """Commit (with ``+`` where files differ from it; '' outside a checkout), versions and processor."""
    return dict(commit=_commit(), ibgan_plugin=ibgan_plugin.__version__, python=platform.python_version(), cpu=_processor(),
                **{name: _version(name) for name in PACKAGES})


def _commit() -> str:
    """Commit of the checkout that holds the package; that of a project in whose folder it is merely installed says nothing."""
    file = Path(ibgan_plugin.__file__)
    if not _git(file.parent, 'ls-files', file.name):
        return ''
    return _git(file.parent, 'describe', '--always', '--dirty=+', '--abbrev=12', '--exclude=*')


def _git(folder: Path, *command: str) -> str:
    """What git prints in ``folder``, '' where it fails or is missing."""
    try:
        done = subprocess.run(['git', '-C', str(folder), *command], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return done.stdout.strip() if done.returncode == 0 else ''


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ''


def _processor() -> str:
    """The processor's name."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(':')[2].strip() for line in lines if line.startswith('model name')), platform.processor())
