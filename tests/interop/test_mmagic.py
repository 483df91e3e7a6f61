"""mmagic's GANs with our parts, and IB-GAN with mmagic's, each in mmagic's own training tool."""
import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope
from mmengine.runner import load_checkpoint

from ibgan_plugin.config.check import check_config
from ibgan_plugin.engine.loops.generation import GenerationTestLoop, generate
from ibgan_plugin.interop.mmagic import MMagicGenerationTestLoop
from ibgan_plugin.utils import torchvision_operators
from tests.conftest import build, model_cfg
from tests.datasets.stores import make

if importlib.util.find_spec('mmagic') is None:
    pytest.skip('mmagic is not installed: .ci/mmagic makes an environment with it and runs these tests', allow_module_level=True)
SHIMS = importlib.import_module('ibgan_plugin.interop.mmagic.shims')
DataSample = importlib.import_module('mmagic.structures').DataSample

ROOT = Path(__file__).parents[2]
TOOLS = Path(importlib.util.find_spec('mmagic').submodule_search_locations[0]) / '.mim' / 'tools'
#: Blue squares on red: no channel looks like another.
FACES = np.zeros((64, 64, 64, 3), np.uint8)
FACES[..., 0] = 200
for number, face in enumerate(FACES):
    face[number % 32:number % 32 + 32, number // 2:number // 2 + 32, 2] = 255
CONFIGS = {'mmagic_infogan_celeba': 'MMagicInfoGAN', 'mmagic_wgangp_celeba': 'WGANGP', 'ibgan_mmagic_celeba': 'MMagicIBGAN'}


@pytest.fixture(scope='module')
def faces(tmp_path_factory):
    """An LMDB file of small data."""
    return make(tmp_path_factory.mktemp('faces') / 'faces.lmdb', FACES)


def shrink(node, faces):
    """Make a config small: narrow networks, few images, the given data, something to see at every tenth iteration."""
    if isinstance(node, dict):
        small = dict(batch_size=8, num_workers=0, persistent_workers=False, fake_nums=16, path=str(faces), interval=10,
                     hidden_dims=(8, ), base_channels=4 if str(node.get('type')).startswith('ibgan_plugin.') else 64)
        node.update({key: value for key, value in small.items() if key in node})
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, (dict, list, tuple)):
            shrink(child, faces)


def small_config(name, faces):
    cfg = Config.fromfile(ROOT / 'configs/ibgan/interop' / f'{name}.py')
    check_config(cfg)
    shrink(cfg._cfg_dict, faces)
    cfg.train_cfg.update(max_iters=20, val_interval=20)
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.health.collapse_interval = 10
    return cfg


def build_in_scope(cfg):
    with DefaultScope.overwrite_default_scope('mmagic'):
        return MODELS.build(cfg.model)


def run_tool(tool, *arguments, cwd):
    """One of mmagic's own tools, in a process of its own."""
    run([sys.executable, '-m', SHIMS.__name__, tool, *arguments], cwd)


def run(command, cwd):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize('name', CONFIGS)
def test_trains_in_mmagics_tool(name, faces, tmp_path):
    cfg = small_config(name, faces)
    cfg.dump(tmp_path / 'small.py')
    run_tool(TOOLS / 'train.py', 'small.py', '--work-dir', 'out', cwd=tmp_path)
    logs, = tmp_path.glob('out/*/vis_data/scalars.json')
    lines = [json.loads(line) for line in logs.read_text().splitlines()]
    losses = [{key: value for key, value in line.items() if 'loss' in key} for line in lines if 'loss_disc_real' in line]
    assert len(losses) == 20 and {'loss_disc_real', 'loss_disc_fake', 'loss_gen'} <= losses[-1].keys()
    assert all(math.isfinite(value) for line in losses for value in line.values())
    scores = {key: value for line in lines for key, value in line.items() if key in ('ms-ssim/avg', 'swd/avg')}
    assert len(scores) == 2 and all(math.isfinite(value) for value in scores.values())
    picture, = tmp_path.glob('out/*/vis_data/vis_image/fake_img_20.png')
    assert cv2.imread(str(picture)).shape[2] == 3

    model = build_in_scope(cfg)
    assert type(model).__name__ == CONFIGS[name]
    assert load_checkpoint(model, str(tmp_path / 'out/iter_20.pth'))['meta']['iter'] == 20
    saved = torch.load(tmp_path / 'out/iter_20.pth', weights_only=True)['state_dict']
    assert saved.keys() == model.state_dict().keys()
    assert all(torch.equal(value, saved[key]) for key, value in model.state_dict().items())

    cfg.train_cfg.max_iters = 22
    cfg.dump(tmp_path / 'longer.py')
    run_tool(TOOLS / 'train.py', 'longer.py', '--work-dir', 'out', '--resume', cwd=tmp_path)
    lines = [json.loads(line) for path in tmp_path.glob('out/*/vis_data/scalars.json') for line in path.read_text().splitlines()]
    assert sorted(line['iter'] for line in lines if 'loss_disc_real' in line) == list(range(1, 23))


PREDICT = '''
import importlib, sys, torch
if sys.argv[1] == 'mmagic':
    importlib.import_module('ibgan_plugin.interop.mmagic.shims')
    importlib.import_module('mmagic.structures')
from mmengine.registry import MODELS
from tests.conftest import model_cfg
assert ('mmagic' in sys.modules) == (sys.argv[1] == 'mmagic')
cfg = model_cfg()
cfg['generator']['out_channels'] = cfg['discriminator']['in_channels'] = cfg['reconstructor']['in_channels'] = 3
torch.manual_seed(0)
model = MODELS.build(cfg).eval()
samples = model(dict(noise=torch.randn(3, 6)), mode='predict')
codes = model(torch.rand(2, 3, 16, 16), mode='predict')
assert {type(sample).__name__ for sample in samples + codes} == {'GenSample'}
torch.save(dict(imgs=[sample.fake_img for sample in samples], codes=[sample.codes for sample in codes]), sys.argv[2])
'''


def test_importing_mmagic_changes_nothing_of_a_plain_model(tmp_path):
    results = []
    for beside in ('mmagic', 'alone'):
        run([sys.executable, '-c', PREDICT, beside, tmp_path / beside], ROOT)
        results.append(torch.load(tmp_path / beside, weights_only=True))
    for key in ('imgs', 'codes'):
        assert all(torch.equal(one, other) for one, other in zip(*(result[key] for result in results), strict=True))


@pytest.mark.parametrize(('request_', 'message'), [
    (dict(sample_model='ema'), r"sample_model must be 'orig', got 'ema': this model holds one set of weights, which EMAHook"),
    (dict(nois=1), 'a request for images takes noise, r and num_batches, got nois'),
    (dict(sample_kwargs=dict(curr_scale=8)), 'sample_kwargs must be empty, got curr_scale')])
def test_impossible_requests_are_named(model, request_, message):
    with pytest.raises(ValueError, match=message):
        model(request_)


@pytest.fixture
def model():
    """A small IB-GAN for three colours whose images are red."""
    cfg = model_cfg(type='ibgan_plugin.MMagicIBGAN')
    cfg['generator']['out_channels'] = cfg['discriminator']['in_channels'] = cfg['reconstructor']['in_channels'] = 3
    model = MODELS.build(cfg).eval()
    list(model.generator.decode)[-2].bias.data = torch.tensor([5.0, -5.0, -5.0])
    return model


@torch.no_grad()
@pytest.mark.parametrize('request_', [
    dict(num_batches=2), dict(noise=torch.ones(2, 6)), dict(noise=torch.ones(2, 6), num_batches=2),
    dict(num_batches=2, sample_model='orig', sample_kwargs={})])
def test_requests_get_mmagics_samples_in_its_order_of_colors(model, request_):
    samples = model.val_step(dict(inputs=request_))
    assert [type(sample) for sample in samples] == [DataSample] * 2
    for sample in samples:
        assert sample.fake_img.shape == (3, 16, 16) and sample.fake_img.min() >= 0 and sample.fake_img.max() <= 255
        blue, green, red = sample.fake_img.mean((1, 2))
        assert red > 200 > 50 > blue.maximum(green)


@torch.no_grad()
def test_real_images_are_counted_and_handed_on(model):
    real = [DataSample(gt_img=torch.full((3, 16, 16), i), metainfo=dict(sample_idx=i)) for i in range(3)]
    for data_samples in (real, DataSample.stack(real)):
        samples = model.test_step(dict(inputs={}, data_samples=data_samples))
        assert [int(sample.gt_img[0, 0, 0]) for sample in samples] == [0, 1, 2]
        assert [sample.sample_idx for sample in samples] == [0, 1, 2]
        assert all(sample.fake_img.shape == (3, 16, 16) for sample in samples)


@torch.no_grad()
def test_our_loops_take_models_of_both(model, faces):
    assert (generate(model, 0, np.arange(2)).float().mean((0, 2, 3)) > 128).tolist() == [True, False, False]
    theirs = build_in_scope(small_config('mmagic_wgangp_celeba', faces)).eval()
    with pytest.raises(ValueError, match='takes a LatentModel such as IBGAN, got WGANGP'):
        GenerationTestLoop.latent_model(GenerationTestLoop, theirs)
    for generator in (theirs.generator, theirs.generator_ema.module):
        list(generator.generator.decode)[-2].bias.data = torch.tensor([-5.0, -5.0, 5.0])  # they think in BGR
    view = MMagicGenerationTestLoop.latent_model(MMagicGenerationTestLoop, theirs)
    assert view.image_shape == (3, 64, 64)
    assert (generate(view, 0, np.arange(2)).float().mean((0, 2, 3)) > 128).tolist() == [True, False, False]


def our_set(faces):
    return dict(type='ibgan_plugin.MMagicImages', dataset=dict(type='ibgan_plugin.LMDBImages', path=str(faces)))


def their_set(folder):
    folder.mkdir()
    for i, face in enumerate(FACES):
        cv2.imwrite(str(folder / f'{i:02d}.png'), face[..., ::-1])
    return dict(type='mmagic.BasicImageDataset', data_root=str(folder), data_prefix=dict(gt=''), pipeline=[
        dict(type='mmagic.LoadImageFromFile', key='gt'), dict(type='mmagic.PackInputs')])


def test_our_images_look_like_theirs(faces, tmp_path):
    ours, theirs = DATASETS.build(our_set(faces)), DATASETS.build(their_set(tmp_path / 'faces'))
    assert len(ours) == len(theirs) == 64 and ours.metainfo['dataset'] == 'noise'
    assert ours[5]['inputs'] == theirs[5]['inputs'] == {}
    sample = theirs[5]['data_samples']
    assert torch.equal(ours[int(Path(sample.gt_path).stem)]['data_samples'].gt_img, sample.gt_img)
    assert [sample['data_samples'].sample_idx for sample in ours.__getitems__([5, 3])] == [5, 3]


@pytest.mark.parametrize('kind', ['ours', 'theirs'])
def test_trains_on_mmagics_samples(kind, faces, tmp_path):
    data = DATASETS.build(our_set(faces) if kind == 'ours' else their_set(tmp_path / 'faces'))
    cfg = model_cfg(type='ibgan_plugin.MMagicIBGAN', data_preprocessor=dict(type='mmagic.DataPreprocessor'))
    for part, key in (('generator', 'out_channels'), ('discriminator', 'in_channels'), ('reconstructor', 'in_channels')):
        cfg[part].update({key: 3, 'image_size': 64})
    model, optim = build(cfg)
    for _ in range(2):
        log_vars = model.train_step(pseudo_collate([data[i] for i in range(4)]), optim)
        assert all(value.isfinite() for value in log_vars.values())
    samples = model.eval().val_step(pseudo_collate([data[i] for i in range(4)]))
    assert all(type(sample) is DataSample and sample.fake_img.max() > 1 for sample in samples)
    assert [torch.equal(sample.gt_img.cpu(), data[i]['data_samples'].gt_img) for i, sample in enumerate(samples)] == [True] * 4


def test_the_same_config_runs_in_mmagics_scope(tmp_path):
    from tests.configs.scope_run import check_run
    with DefaultScope.overwrite_default_scope('mmagic'):
        check_run('mmagic', tmp_path)


@pytest.mark.parametrize(('tool', 'scope'), [('ours', 'mmengine'), ('ours', 'ibgan_plugin'), ('ours', 'mmagic'),
                                             ('theirs', 'mmagic')])
def test_the_same_config_file_runs_in_both_tools(tool, scope, tmp_path):
    sizes = [f'model.{name}.base_channels=2' for name in ('generator', 'discriminator', 'reconstructor')]
    few = ['num_train=20', 'num_eval=0', 'batch_size=2', 'num_variance_estimate=50', 'prune_threshold=0.0']
    command = [str(ROOT / 'tools/train.py')] if tool == 'ours' else ['-m', SHIMS.__name__, str(TOOLS / 'train.py')]
    imports = f'custom_imports = dict(imports=[{SHIMS.__name__!r}])' if scope == 'mmagic' else ''
    (tmp_path / 'scoped.py').write_text(
        f'_base_ = [{str(ROOT / "configs/ibgan/ibgan_dsprites.py")!r}]\n{imports}\ndefault_scope = {scope!r}\n')
    command += ['scoped.py', '--work-dir', 'out', '--cfg-options', *sizes, 'log_processor.window_size=1',
                'train_dataloader.batch_size=4', 'train_cfg.max_iters=2', 'train_cfg.val_interval=2',
                *(f'val_evaluator.scores.factor_vae.{number}' for number in few)]
    run([sys.executable, *command], tmp_path)
    assert torch.load(tmp_path / 'out/iter_2.pth', weights_only=True)['meta']['iter'] == 2


def test_shims_stand_in_only_where_something_is_missing(monkeypatch):
    missing = sys.modules['mmcv._ext']
    with pytest.raises(NotImplementedError, match=r'mmcv\._ext\.nms is compiled code, which mmcv-lite does not have'):
        missing.nms(1, 2)
    monkeypatch.setitem(sys.modules, 'mmcv._ext', 'the real one')
    SHIMS.stand_in_for_mmcv_operators()
    assert sys.modules['mmcv._ext'] == 'the real one'
    declared = len(torchvision_operators._declared)
    torchvision_operators.declare_torchvision_operators()
    assert len(torchvision_operators._declared) == declared <= 1
