"""Checkpoint files, good and evil."""
import os

import torch


def save(path, content=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({'state_dict': {'w': torch.arange(1000.)}} if content is None else content, path)
    return path


class Evil:
    """Runs code when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}', )
