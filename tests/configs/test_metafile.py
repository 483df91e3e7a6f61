"""The zoo's index names what there is, with the numbers of the configs."""
import re
from pathlib import Path

import mmengine
import pytest
from mmengine.config import Config

ROOT = Path(__file__).parents[2]
FILES = mmengine.load(ROOT / 'model-index.yml')['Import']
METAFILES = {Path(file).parent: mmengine.load(ROOT / file) for file in FILES}
MODELS = [model for content in METAFILES.values() for model in content['Models']]
#: Paths of the READMEs, one an algorithm.
READMES = [folder / 'README.md' for folder in METAFILES]


def test_index_lists_every_metafile():
    assert sorted(FILES) == sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').rglob('metafile.yml'))


def test_the_package_has_them_where_openmim_looks():
    for name in ('configs', 'tools', 'model-index.yml'):
        assert (ROOT / 'ibgan_plugin' / '.mim' / name).resolve() == ROOT / name


def test_openmim_finds_every_config_by_its_name():
    found = [path.name for path in (ROOT / 'configs').rglob('*.py')]
    assert not [model['Config'] for model in MODELS if found.count(Path(model['Config']).name) != 1]


@pytest.mark.parametrize('folder', METAFILES, ids=str)
def test_collections_have_a_paper_and_a_readme(folder):
    content = METAFILES[folder]
    names = [collection['Name'] for collection in content['Collections']]
    for collection in content['Collections']:
        assert collection['README'] == f'{folder.as_posix()}/README.md' and (ROOT / collection['README']).is_file()
        assert collection['Paper'].keys() == {'Title', 'URL'}
    assert {model['In Collection'] for model in content['Models']} == set(names)


@pytest.mark.parametrize('folder', METAFILES, ids=str)
def test_every_config_is_a_model(folder):
    listed = [model['Config'] for model in METAFILES[folder]['Models']]
    assert sorted(listed) == sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob('*.py'))


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model['Name'])
def test_numbers_are_those_of_the_config(model):
    cfg = Config.fromfile(ROOT / model['Config'])
    assert model['Name'] == Path(model['Config']).stem
    metadata = model['Metadata']
    assert (metadata['Iterations'], metadata['Batch Size']) == (cfg.train_cfg.max_iters, cfg.train_dataloader.batch_size)
    collections = {collection['Name']: collection for content in METAFILES.values() for collection in content['Collections']}
    assert metadata['Training Data'] in collections[model['In Collection']]['Metadata']['Training Data']
    if 'Weights' in model:
        assert (ROOT / model['Weights']).stat().st_size < 600_000
    if 'Results' in model:  # those that docs/results.md has, of the run whose weights are shipped
        assert 'Weights' in model
        numbers = [value for result in model['Results'] for value in result['Metrics'].values()]
        text = (ROOT / 'docs/results.md').read_text()
        assert numbers and all(f'{value:.3f}'.lstrip('0') in text for value in numbers)


@pytest.mark.parametrize('folder', METAFILES, ids=str)
def test_readme_lists_every_config_with_its_iterations(folder):
    rows = re.findall(r'^\| \[(\w+)\]\((\w+\.py)\) \| [^|]+ \| ([\d.]+)([kM]) \| (\d+) \|',
                      (ROOT / folder / 'README.md').read_text(), re.MULTILINE)
    listed = {name: (round(float(number) * dict(k=1e3, M=1e6)[unit]), int(size)) for name, _, number, unit, size in rows}
    models = {model['Name']: model['Metadata'] for model in METAFILES[folder]['Models']}
    assert listed == {name: (metadata['Iterations'], metadata['Batch Size']) for name, metadata in models.items()}
    assert all(file == f'{name}.py' for name, file, *_ in rows)


@pytest.mark.parametrize('readme', READMES, ids=str)
def test_readme_links_and_tools_exist(readme):
    text = (ROOT / readme).read_text()
    for link in re.findall(r'\]\(((?!http)[^)]+)\)', text):
        assert (ROOT / readme.parent / link).exists(), link
    for tool in re.findall(r'\btools/[\w/]+\.py', text):
        assert (ROOT / tool).exists(), tool
