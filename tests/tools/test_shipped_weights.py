"""What comes with the package: a trained model, by its name, in every tool."""
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from ibgan_plugin.apis.inferencer import IBGANInferencer
from ibgan_plugin.config.zoo import entries
from ibgan_plugin.datasets.dsprites import render
from tests.tools.commands import ROOT, run

NAME = 'ibgan_fast_dsprites'


def test_it_is_the_model_of_its_config_and_has_learnt():
    """Codes of sprites at the left and at the right differ by more than those of one sprite moved by a pixel."""
    assert entries()[NAME].weights.stat().st_size < 600_000
    model = IBGANInferencer(NAME, device='cpu')
    place = np.array([[0, 3, 0, 2, 16], [0, 3, 0, 3, 16], [0, 3, 0, 29, 16]])
    left, beside, right = model.encode(list(render(place)))
    assert np.linalg.norm(left - right) > 3 * np.linalg.norm(left - beside)
    samples = model.sample(64)
    assert 0.01 < (samples > 127).mean() < 0.08, 'the data have 0.042 of white'


def test_traverse_by_name_shows_active_rows(tmp_path):
    run(sys.executable, ROOT / 'tools/infer.py', 'traverse', NAME, '--out', tmp_path / 't.png', cwd=tmp_path)
    picture = np.asarray(Image.open(tmp_path / 't.png'))
    assert picture.max() == 255 and picture.std() > 10
    kl = IBGANInferencer(NAME, device='cpu').traverse(steps=2).kl
    assert sum(value > 0.05 for value in kl) >= 4


@pytest.mark.slow
def test_its_scores_are_the_documented_ones(tmp_path, dsprites_root):
    """``study``, some minutes: half precision and the library's rounding move a score by less than 0.01."""
    done = run(sys.executable, ROOT / 'tools/test.py', NAME, '--metrics', 'factor_vae', '--cfg-options',
               f'test_dataloader.dataset.data_root={dsprites_root}', cwd=tmp_path)
    line, = (line for line in done.stdout.splitlines() if 'factor_vae' in line and 'eval_accuracy' in line and 'study' in line)
    documented = next(model for model in _models() if model['Name'] == NAME)['Results'][0]['Metrics']['FactorVAE score (study)']
    assert abs(float(line.split()[3]) - documented) < 0.01


def _models():
    return yaml.safe_load((ROOT / 'configs/ibgan/metafile.yml').read_text())['Models']
