"""Data sets with and without ground-truth factors, their transforms, samplers and collate function."""
from ibgan_plugin.datasets.collate import SampleBatch, batched_collate
from ibgan_plugin.datasets.dsprites import ColorDSprites, DSprites
from ibgan_plugin.datasets.ground_truth import FactorGrid, GroundTruth
from ibgan_plugin.datasets.image_files import ImageFiles
from ibgan_plugin.datasets.lmdb_images import LMDBImages
from ibgan_plugin.datasets.resumable_sampler import ResumableSampler
from ibgan_plugin.datasets.samplers import EpochSampler

__all__ = ['ColorDSprites', 'DSprites', 'EpochSampler', 'FactorGrid', 'GroundTruth', 'ImageFiles', 'LMDBImages',
 'ResumableSampler', 'SampleBatch', 'batched_collate']
