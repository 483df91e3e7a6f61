"""LMDB files of small images."""
import numpy as np

from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.store.writer import Job, build

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 16, 20, 3), dtype=np.uint8)


def make(path, images=IMAGES, encoding='png', layout=None, arrays=None):
    records = [encode(image, encoding) for image in images]
    layout = dict(name='noise', encoding=encoding, shape=images.shape[1:], **(layout or {}))
    build(path, Job('images', 'noise', len(images), lambda start: records[start:], layout, lambda skipped: arrays or {}))
    return path
