"""The README's commands and examples are real."""
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config

from ibgan_plugin.config.check import check_config

ROOT = Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text()


@pytest.mark.parametrize(('heading', 'ends'), [('## Quick start', 'ibgan_quick_dsprites.py'), ('## Tests', 'pytest')])
def test_set_up_commands_are_one_line_right_under_their_heading(heading, ends):
    command = re.search(rf'^{heading}\n\n```bash\n(.+)\n```$', README, re.MULTILINE).group(1)
    assert command.endswith(ends)
    assert 'constraints.txt' in command


def test_table_lists_every_config():
    listed = set(re.findall(r'^\| `(\w+\.py)` \|', README, re.MULTILINE))
    assert listed == {path.name for path in (ROOT / 'configs' / 'ibgan').glob('*.py')}


def test_example_config_is_right(tmp_path):
    example = re.search(r"```python\n(_base_ = .+?)```", README, re.DOTALL).group(1)
    path = tmp_path / 'mine.py'
    path.write_text(example.replace('configs/', f'{ROOT}/configs/'))
    cfg = Config.fromfile(path)
    check_config(cfg)
    assert cfg.model.adversarial_loss.mode == 'hinge'
    assert cfg.model.info_loss.info_weight == 1.0


def test_results_are_linked_from_the_first_screen():
    assert '](docs/results.md)' in README.partition('\n## ')[0]


def test_components_of_the_fast_recipe_are_listed():
    table = README.partition('## Compose your own config')[2]
    for name in ('SpectralTrunk', 'SpectralDiscriminator', 'SpectralReconstructor', 'R1Penalty', 'ScheduleHook',
                 'GeneratorSideEMAHook', "'both'"):
        assert f'`{name}`' in table, name


def test_links_and_tools_exist():
    for path in re.findall(r'\]\(((?!http|#)[^)]+)\)', README) + re.findall(r'\btools/[\w/]+\.(?:py|sh)', README):
        assert (ROOT / path.partition('#')[0]).exists(), path


def test_python_example_runs(dsprites_root):
    text = re.search(r"```python\n(from ibgan_plugin.datasets import DSprites\n.+?)```", README, re.DOTALL).group(1)

    def encode(samples):
        numbers = [int(sample['data_samples']['sample_idx']) for sample in samples]
        return names['data'].grid.to_factors(numbers).astype(np.float32)

    names = dict(model=SimpleNamespace(encode=encode))
    exec(text.replace('data/dsprites', str(dsprites_root)), names)
    assert names['factors'].shape == (len(names['numbers']), 5)
    assert 0.8 < names['score'] < 1, 'codes that are the factors'


def test_component_example_runs():
    from ibgan_plugin.datasets.dsprites import render
    images = render([[2, 5, 0, 16, 16]])
    assert images.shape == (1, 64, 64)
    assert set(images.flatten().tolist()) == {0, 255}
