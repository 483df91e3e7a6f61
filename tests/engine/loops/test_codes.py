import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from ibgan_plugin.engine import loops  # noqa: F401  (registers the loops)
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.factor_vae import factor_vae
from ibgan_plugin.registry import DATASETS, METRICS, MODELS

SIZES = (3, 4, 8)
SMALL = {'num_train': 3, 'num_eval': 2, 'batch_size': 4, 'num_variance_estimate': 9, 'prune_threshold': 0.05}
CODES = torch.from_numpy(np.random.RandomState(7).randn(96, 4))
encoded: list[int] = []


@DATASETS.register_module()
class GridStandIn(torch.utils.data.Dataset):
    def __init__(self, index=None):
        self.index = np.arange(96) if index is None else index
        self.metainfo = {'factor_names': ('shape', 'scale', 'x'), 'factor_sizes': SIZES}

    def __deepcopy__(self, memo):
        raise AssertionError('images must not be copied')

    def __len__(self):
        return len(self.index)

    def __getitem__(self, item):
        idx = int(self.index[item])
        return {'inputs': torch.full((1, 2, 2), idx, dtype=torch.uint8), 'data_samples': {'sample_idx': idx}}

    def get_subset(self, index):
        return GridStandIn(index)


@DATASETS.register_module()
class HalfGrid(GridStandIn):
    def __init__(self):
        super().__init__(np.arange(48, 96))


@DATASETS.register_module()
class WithoutFactors(GridStandIn):
    def __init__(self):
        super().__init__()
        self.metainfo = {}


@MODELS.register_module()
class CodesStandIn(BaseModel):
    """Codes are looked up by the image's grey value, so that they depend on the inputs that the loop feeds."""

    def forward(self, inputs, data_samples, mode):
        assert torch.is_inference_mode_enabled() and mode == 'predict'
        encoded.extend(data_samples['sample_idx'].tolist())
        codes = CODES[inputs[:, 0, 0, 0].long()]
        return [BaseDataElement(codes=c, sample_idx=i) for c, i in zip(codes, data_samples['sample_idx'].tolist(), strict=True)]


@METRICS.register_module()
class CountStandIn:
    prefix = None
    dataset_meta = None

    def process(self, data_batch, data_samples):
        pass

    def evaluate(self, size):
        return {'size': size}


def run(tmp_path, stage, evaluator, loop='Codes', dataset='GridStandIn'):
    encoded.clear()
    kind = stage.capitalize()
    runner = Runner.from_cfg({
        'model': {'type': 'CodesStandIn'}, 'work_dir': str(tmp_path), 'default_scope': 'ibgan_plugin',
        'experiment_name': f'{stage}_{loop}_{dataset}', 'log_level': 'ERROR',
        f'{stage}_dataloader': {
            'batch_size': 10, 'num_workers': 0, 'dataset': {'type': dataset},
            'sampler': {'type': 'DefaultSampler', 'shuffle': False}, 'collate_fn': {'type': 'default_collate'}},
        f'{stage}_cfg': {'type': f'{loop}{kind}Loop'}, f'{stage}_evaluator': evaluator})
    return getattr(runner, stage)()


@pytest.mark.parametrize('stage', ['val', 'test'])
def test_only_required_samples_are_encoded(tmp_path, stage):
    expected = factor_vae(CodeTable.from_grid(CODES.numpy(), SIZES), **SMALL, seed=1)
    scores = run(tmp_path, stage, {'type': 'FactorVAEScore', **SMALL, 'seed': 1})
    assert scores == {f'factor_vae/{key}': value for key, value in expected.items()}
    assert 0 < len(encoded) < 96 and len(set(encoded)) == len(encoded)


def test_union_over_metrics(tmp_path):
    metrics = [{'type': 'FactorVAEScore', **SMALL, 'seed': seed, 'prefix': str(seed)} for seed in (0, 1)]
    both = run(tmp_path, 'test', metrics)
    union = set(encoded)
    for metric in metrics:
        single = run(tmp_path, 'test', metric)
        assert set(encoded) < union
        assert single.items() <= both.items()


def test_plain_loop_gives_the_same_scores(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, 'is_inference_mode_enabled', lambda: True)
    metric = {'type': 'FactorVAEScore', **SMALL}
    plain = run(tmp_path, 'test', metric, loop='')
    assert len(encoded) == 96
    assert run(tmp_path, 'test', metric) == plain


def test_metric_that_does_not_say_what_it_reads_gets_all(tmp_path):
    assert run(tmp_path, 'test', [{'type': 'FactorVAEScore', **SMALL}, {'type': 'CountStandIn'}])['size'] == 96
    assert len(encoded) == 96


def test_part_of_the_grid_is_left_alone(tmp_path):
    with pytest.raises(ValueError, match='cells that the metric samples have no code, first'):
        run(tmp_path, 'test', {'type': 'FactorVAEScore', **SMALL}, dataset='HalfGrid')
    assert encoded == list(range(48, 96))


def test_data_set_without_factors(tmp_path):
    with pytest.raises(ValueError, match='WithoutFactors needs metainfo factor_names and factor_sizes, got'):
        run(tmp_path, 'test', {'type': 'FactorVAEScore', **SMALL}, dataset='WithoutFactors')
