"""The folder of the data sets."""
import os
from pathlib import Path

#: Environment variable that names it.
VARIABLE = 'IBGAN_DATA_ROOT'
DEFAULT = 'data'


def data_root() -> Path:
    """Folder of the data sets: ``$IBGAN_DATA_ROOT``, else ``data`` in the current folder."""
    return Path(os.environ.get(VARIABLE) or DEFAULT)
