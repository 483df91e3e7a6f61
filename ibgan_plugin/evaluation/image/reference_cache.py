"""Features of the real images, kept on disk from one evaluation to the next."""
import hashlib
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ibgan_plugin.evaluation.image.feature_statistics import ImageFeatures
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import write_npz

FORMAT_VERSION = 1


class ReferenceCache:
    """One ``.npz`` file of plain arrays for each data set, extractor and what is kept.

    A file is found by the hash of its key, written whole or not at all, and read back only if its key is the same in full
    and its checksums (those of the zip format, for every array) fit; otherwise it is made again, with a warning.

    Args:
        folder: Where the files are.
        key: All that the features depend on, as plain data.
    """

    def __init__(self, folder: str | Path, key: dict[str, Any]) -> None:
        self.key = json.dumps({'format_version': FORMAT_VERSION, **key}, sort_keys=True)
        name = str(key.get('dataset_name', 'images'))
        self.path = Path(folder) / f'{name}_{hashlib.sha256(self.key.encode()).hexdigest()[:16]}.npz'

    def load(self, features: ImageFeatures) -> bool:
        """Fill ``features``, which are empty, from the file; False where there is none that fits."""
        if not self.path.is_file():
            return False
        try:
            with np.load(self.path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}  # reading checks the checksums
            if str(arrays['key']) != self.key:
                raise IBGANError('it belongs to another key')
            features.restore(arrays)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            warnings.warn(f'the reference statistics {self.path} are not usable and are computed again: {error}')
            return False
        return True

    def save(self, features: ImageFeatures) -> None:
        """Write the file; OSError where that fails."""
        write_npz(self.path, dict(key=np.array(self.key), **features.arrays()))
