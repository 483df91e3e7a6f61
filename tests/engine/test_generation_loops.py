import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner

from ibgan_plugin.datasets.dsprites.build import KIND  # noqa: F401  (registers the data sets)
from ibgan_plugin.datasets.lmdb_writer import build
from ibgan_plugin.datasets.prepare import celeba
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.engine.generation_loops import generate, source_noise
from ibgan_plugin.evaluation.functional.features import FeatureStatistics
from ibgan_plugin.evaluation.functional.frechet import frechet_distance
from ibgan_plugin.registry import MODELS
from tests.conftest import model_cfg
from tests.evaluation.stand_ins import Tiny, pictures, save_tiny
from tests.reliability.test_distributed import environments, wait
from tests.reliability.training import CONTEXT

SCORES = dict(fd=dict(), kd=dict(num_subsets=5, subset_size=20, estimator='unbiased', seed=0))
