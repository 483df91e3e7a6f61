"""The zoo's index names what there is, with the numbers of the configs."""
import re
from pathlib import Path

import mmengine
import pytest
from mmengine.config import Config

ROOT = Path(__file__).parents[2]
FILES = mmengine.load(ROOT / 'model-index.yml')['Import']
METAFILE = mmengine.load(ROOT / FILES[0])


def test_index_lists_every_metafile():
    assert sorted(FILES) == sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').rglob('metafile.yml'))


def test_the_package_has_them_where_openmim_looks():
    for name in ('configs', 'tools', 'model-index.yml'):
        assert (ROOT / 'ibgan_plugin' / '.mim' / name).resolve() == ROOT / name


def test_openmim_finds_every_config_by_its_name():
    found = [path.name for path in (ROOT / 'configs').rglob('*.py')]
    assert not [model['Config'] for model in METAFILE['Models'] if found.count(Path(model['Config']).name) != 1]


def test_collections_have_a_paper_and_a_readme():
    names = [collection['Name'] for collection in METAFILE['Collections']]
    assert names == ['IB-GAN']
    for collection in METAFILE['Collections']:
        assert (ROOT / collection['README']).is_file()
        assert collection['Paper'].keys() == {'Title', 'URL'}
    assert {model['In Collection'] for model in METAFILE['Models']} == set(names)


def test_every_config_is_a_model():
    listed = [model['Config'] for model in METAFILE['Models']]
    assert sorted(listed) == sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs/ibgan').glob('*.py'))


@pytest.mark.parametrize('model', METAFILE['Models'], ids=lambda model: model['Name'])
def test_numbers_are_those_of_the_config(model):
    cfg = Config.fromfile(ROOT / model['Config'])
    assert model['Name'] == Path(model['Config']).stem
    metadata = model['Metadata']
    assert (metadata['Iterations'], metadata['Batch Size']) == (cfg.train_cfg.max_iters, cfg.train_dataloader.batch_size)
    assert metadata['Training Data'] in METAFILE['Collections'][0]['Metadata']['Training Data']
    assert not {'Results', 'Weights'} & model.keys(), 'results and weights need a measured run: check them here'


def test_readme_lists_every_config_with_its_iterations():
    rows = re.findall(r'^\| \[(\w+)\]\((\w+\.py)\) \| [^|]+ \| ([\d.]+)([kM]) \| 64 \|',
                      (ROOT / 'configs/ibgan/README.md').read_text(), re.MULTILINE)
    iterations = {name: round(float(number) * dict(k=1e3, M=1e6)[unit]) for name, _, number, unit in rows}
    assert iterations == {model['Name']: model['Metadata']['Iterations'] for model in METAFILE['Models']}
    assert all(file == f'{name}.py' for name, file, *_ in rows)


def test_readme_links_and_tools_exist():
    text = (ROOT / 'configs/ibgan/README.md').read_text()
    for link in re.findall(r'\]\(((?!http)[^)]+)\)', text):
        assert (ROOT / 'configs/ibgan' / link).exists(), link
    for tool in re.findall(r'\btools/[\w/]+\.py', text):
        assert (ROOT / tool).exists(), tool
