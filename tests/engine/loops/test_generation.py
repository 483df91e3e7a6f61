import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.prepare import celeba
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.datasets.store.writer import Job, build
from ibgan_plugin.engine.loops.generation import generate, source_noise
from ibgan_plugin.evaluation.image.frechet import frechet_distance
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.registry import METRICS, MODELS
from ibgan_plugin.utils.cli import leave_process_group
from tests.conftest import model_cfg
from tests.engine.runs import MadeImages
from tests.evaluation.stand_ins import Tiny, save_tiny
from tests.reliability.processes import environments, wait
from tests.reliability.training import CONTEXT

ROOT = Path(__file__).parents[2]
KD = dict(num_subsets=5, subset_size=20, estimator='unbiased', seed=0)
_numbers = iter(range(10**6))


def run(folder, stage='test', loop=None, **changes):
    """Scores of the small model against 64 made images."""
    metric = dict(type='ibgan_plugin.ImageMetric', scores=dict(fd=dict(), kd=KD),
                  extractor=dict(type='ibgan_plugin.TorchScriptExtractor', path=f'{folder}/tiny.pt', channels=1))
    cfg = {
        'model': model_cfg(), 'work_dir': str(folder), 'default_scope': 'ibgan_plugin', 'log_level': 'ERROR',
        'experiment_name': f'{stage}_{next(_numbers)}', 'randomness': dict(seed=next(_numbers)),
        f'{stage}_dataloader': dict(batch_size=10, num_workers=0, dataset=dict(type='ibgan_plugin.MadeImages'),
                                    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
                                    collate_fn=dict(type='default_collate')),
        f'{stage}_cfg': dict(type=f'ibgan_plugin.Generation{stage.capitalize()}Loop', num_fakes=45, batch_size=8, **(loop or {})),
        f'{stage}_evaluator': metric, 'load_from': f'{folder}/model.pth', **changes}
    return getattr(Runner.from_cfg(Config(cfg)), stage)()


@pytest.fixture
def folder(tmp_path):
    """A folder with an extractor and the weights of a model."""
    save_tiny(tmp_path / 'tiny.pt', channels=1)
    torch.manual_seed(5)
    torch.save({'state_dict': MODELS.build(model_cfg()).state_dict()}, tmp_path / 'model.pth')
    return tmp_path


def test_noise_of_a_number_is_its_own():
    whole = source_noise(3, np.arange(6), 4)
    assert torch.equal(source_noise(3, np.array([5, 2]), 4), whole[[5, 2]])
    assert not torch.equal(source_noise(4, np.arange(6), 4), whole)
    many = source_noise(0, np.arange(4000), 5)
    assert abs(many.mean()) < 0.03 and abs(many.std() - 1) < 0.03


@torch.no_grad()
def test_images_do_not_depend_on_batches_or_on_the_global_state():
    model = MODELS.build(model_cfg()).eval()
    whole = generate(model, 0, np.arange(7))
    torch.manual_seed(9)
    parts = torch.cat([generate(model, 0, np.arange(2)), generate(model, 0, np.arange(2, 7))])
    assert whole.dtype == torch.uint8 and whole.shape == (7, 1, 16, 16)
    assert (whole.int() - parts.int()).abs().max() <= 1
    noise = source_noise(0, np.arange(7), 10)
    mean, log_var = model.posterior(noise[:, :6])
    expected = model.generate(r=mean + (log_var / 2).exp() * noise[:, 6:])
    torch.testing.assert_close(whole.float(), (expected + 1) * 127.5, atol=0.51, rtol=0)


@torch.no_grad()
def test_textbook_model_without_encoder():
    cfg = model_cfg(encoder=None, kl_loss=None)
    cfg['reconstructor']['z_dim'] = 4
    model = MODELS.build(cfg).eval()
    expected = model.generate(r=source_noise(0, np.arange(3), 8)[:, :4])
    torch.testing.assert_close(generate(model, 0, np.arange(3)).float(), (expected + 1) * 127.5, atol=0.51, rtol=0)


def test_features_are_computed_where_the_model_is(folder, monkeypatch):
    """Not where MMEngine would, which chooses CUDA in spite of ``--device cpu``."""
    expected = run(folder)
    monkeypatch.setattr('ibgan_plugin.evaluation.metrics.image.get_device', lambda: 'meta')
    assert run(folder) == expected


class Foreign(LatentModel):
    """A model of another package whose images are r."""

    r_dim, image_shape = 3, (3, 1, 1)

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def encode(self, imgs):
        return imgs.flatten(1)

    def decode(self, r):
        return self.scale * r[:, :, None, None]


@torch.no_grad()
def test_other_models_get_noise():
    imgs = generate(Foreign(), 0, np.arange(4))
    noise = source_noise(0, np.arange(4), 3)
    assert torch.equal(imgs[:, :, 0, 0], ((noise + 1) * 127.5).clamp(0, 255).round().to(torch.uint8))


def test_a_diverged_model_is_said_so():
    model = MODELS.build(model_cfg()).eval()
    model.generator.project[0].bias.data[0] = float('nan')
    with pytest.raises(ValueError, match=r'a generated image with a number in 2..4 is not finite: the model has diverged'):
        generate(model, 0, np.arange(2, 5))


def test_scores_are_those_of_the_images(folder):
    scores = run(folder)
    assert set(scores) == {'fd/fd', 'kd/kd', 'kd/kd_std'}
    model = MODELS.build(model_cfg()).eval()
    model.load_state_dict(torch.load(folder / 'model.pth', weights_only=True)['state_dict'])
    with torch.no_grad():
        imgs = MadeImages().images, generate(model, 0, np.arange(45))
        sides = [Tiny(channels=1)(side.float()).double().numpy() for side in imgs]
    moments = [(features.mean(0), np.cov(features, rowvar=False)) for features in sides]
    assert scores['fd/fd'] == pytest.approx(frechet_distance(*moments[0], *moments[1]), rel=1e-3)
    assert run(folder) == scores  # whatever the seed of the run
    assert run(folder, stage='val') == scores
    assert run(folder, loop=dict(seed=1)) != scores


@METRICS.register_module(force=True)
class NoImageMetric(BaseMetric):
    def process(self, data_batch, data_samples):
        pass

    def compute_metrics(self, results):
        return {}


def test_mistakes(folder):
    with pytest.raises(ValueError, match='num_fakes must be at least 1, got 0'):
        run(folder, test_cfg=dict(type='ibgan_plugin.GenerationTestLoop', num_fakes=0))
    with pytest.raises(ValueError, match='GenerationTestLoop takes a LatentModel such as IBGAN, got ImgDataPreprocessor'):
        run(folder, model=dict(type='ImgDataPreprocessor'))
    with pytest.raises(ValueError, match='GenerationTestLoop takes metrics of images such as ImageMetric, got NoImageMetric'):
        run(folder, test_evaluator=dict(type='ibgan_plugin.NoImageMetric'))


def run_rank(environment: dict, folder: str) -> None:
    """One process of a distributed evaluation."""
    os.environ.update(environment)
    sys.stdout = sys.stderr = open(f'{folder}/log{environment["RANK"]}', 'w')  # noqa: SIM115
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo')
    wrapper = dict(type='MMSeparateDistributedDataParallel', broadcast_buffers=False, device_ids=None)
    scores = run(folder, launcher='pytorch', model_wrapper_cfg=wrapper, env_cfg=dict(dist_cfg=dict(backend='gloo')))
    Path(folder, f'scores{environment["RANK"]}.json').write_text(json.dumps(scores))
    leave_process_group()


def test_two_processes_equal_one(folder):
    ranks = [CONTEXT.Process(target=run_rank, args=(environment, str(folder))) for environment in environments()]
    for process in ranks:
        process.start()
    assert wait(ranks, 100) == [0, 0], (folder / 'log0').read_text()[-3000:]
    expected = run(folder)
    for rank in range(2):
        assert json.loads((folder / f'scores{rank}.json').read_text()) == pytest.approx(expected, rel=1e-6)


@pytest.fixture(scope='module')
def faces(tmp_path_factory):
    """4,000 real faces as an LMDB file."""
    path = ROOT / '../shared/data/celeba_half_4000.zip'
    if not path.exists():
        pytest.skip('no real images: ../shared/data/celeba_half_4000.zip is not there')
    out = tmp_path_factory.mktemp('celeba') / 'celeba.lmdb'
    build(out, celeba.job(path, Recipe(crop='74x74', expected=(89, 109)), partial=True)[1])
    return out


def score_halves(metric: dict, first: LMDBImages, second: LMDBImages) -> float:
    metric = METRICS.build(metric)
    if metric.begin(first, len(second)):
        metric.process_real(first.__getitems__(range(len(first))).collated['inputs'], np.arange(len(first)))
    metric.process_fake(second.__getitems__(range(len(second))).collated['inputs'], np.arange(len(second)))
    return metric.evaluate(len(first))['fd/fd']


def test_real_faces_against_each_other_and_a_model(faces, tmp_path):
    extractor = dict(type='ibgan_plugin.TorchScriptExtractor', path=save_tiny(tmp_path / 'tiny.pt'))
    metric = dict(type='ibgan_plugin.ImageMetric', extractor=extractor, scores=dict(fd=dict()), cache_dir=str(tmp_path / 'cache'))
    halves = score_halves(metric, LMDBImages(faces, indices=2000), LMDBImages(faces, indices=-2000))
    assert score_halves(metric, LMDBImages(faces, indices=2000), LMDBImages(faces, indices=-2000)) == halves
    assert len(list((tmp_path / 'cache').iterdir())) == 1
    assert score_halves(metric, LMDBImages(faces, indices=-2000), LMDBImages(faces, indices=2000)) == pytest.approx(halves)
    assert len(list((tmp_path / 'cache').iterdir())) == 2  # the other half is another set

    scores = score_config('ibgan_celeba', faces, tmp_path, metric)
    assert 0 <= halves < 0.05 * scores['fd/fd']


def score_config(name: str, path: Path, work_dir: Path, metric: dict) -> dict:
    """Scores of a shipped config with few channels and random weights."""
    cfg = Config.fromfile(ROOT / f'configs/ibgan/{name}.py')
    cfg.merge_from_dict({'model.generator.base_channels': 2, 'model.trunk.base_channels': 2, 'model.discriminator.base_channels': 2,
                         'model.reconstructor.base_channels': 2, 'test_dataloader.dataset.path': str(path),
                         'test_dataloader.num_workers': 0, 'test_cfg.num_fakes': 200, 'log_level': 'ERROR',
                         'experiment_name': f'{name}_{next(_numbers)}'})
    cfg.work_dir, cfg.test_evaluator = str(work_dir), metric
    return Runner.from_cfg(cfg).test()


def test_real_grey_chairs(tmp_path):
    file = ROOT / '../shared/data/chairs_real_100.npz'
    if not file.exists():
        pytest.skip('no real images: ../shared/data/chairs_real_100.npz is not there')
    records = [encode(image[:, :, :1], 'png') for image in np.load(file, allow_pickle=False)['imgs']]
    layout = dict(name='3dchairs', encoding='png', shape=(64, 64, 1))
    build(tmp_path / 'chairs.lmdb', Job('images', 'chairs', len(records), lambda start: records[start:], layout))
    extractor = dict(type='ibgan_plugin.TorchScriptExtractor', path=save_tiny(tmp_path / 'tiny.pt'))  # takes three channels
    metric = dict(type='ibgan_plugin.ImageMetric', extractor=extractor, scores=dict(fd=dict()))
    chairs = LMDBImages(tmp_path / 'chairs.lmdb')
    halves = score_halves(metric, chairs.get_subset(range(0, 100, 2)), chairs.get_subset(range(1, 100, 2)))
    assert 0 <= halves < 0.2 * score_config('ibgan_3dchairs', tmp_path / 'chairs.lmdb', tmp_path, metric)['fd/fd']
