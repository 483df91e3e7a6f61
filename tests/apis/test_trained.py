"""Every way to name a trained model on a command line."""
import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.apis.trained import load_trained
from ibgan_plugin.config import zoo
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.safetensors_file import write_safetensors
from tests.apis.runs_on_disk import scalars, write_session
from tests.conftest import model_cfg


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A config, two checkpoints of it, a run, a safetensors file, and the same as a named model with weights."""
    monkeypatch.chdir(tmp_path)
    config = f"default_scope = 'ibgan_plugin'\nmodel = {model_cfg()!r}\n"
    (tmp_path / 'tiny.py').write_text(config)
    for number in (1, 2):
        torch.manual_seed(number)
        torch.save(dict(state_dict=MODELS.build(model_cfg()).state_dict()), tmp_path / f'iter_{number}.pth')
    write_session(tmp_path / 'run', '20260101_000000', scalars(1, 2), config)
    torch.save(torch.load(tmp_path / 'iter_2.pth', weights_only=True), tmp_path / 'run/iter_2.pth')
    weights = torch.load(tmp_path / 'iter_1.pth', weights_only=True)['state_dict']
    write_safetensors(tmp_path / 'one.safetensors', weights, dict(default_scope='ibgan_plugin', model=model_cfg()))
    monkeypatch.setattr(zoo, 'entries', lambda: {
        'named': zoo.Entry('named', tmp_path / 'tiny.py', tmp_path / 'one.safetensors'),
        'bare': zoo.Entry('bare', tmp_path / 'tiny.py', None)})
    return tmp_path


@pytest.mark.parametrize(('references', 'names'), [
    (['run'], ['run, 2 iterations']),
    (['tiny.py', 'iter_1.pth', 'iter_2.pth'], ['tiny, iter_1', 'tiny, iter_2']),
    (['one.safetensors', 'run'], ['one', 'run, 2 iterations']),
    (['tiny.py', 'one.safetensors', 'iter_1.pth'], ['tiny, one', 'tiny, iter_1']),
    (['run', 'one.safetensors', 'one.safetensors'], ['run, 2 iterations', 'one', 'one']),
    (['named', 'named', 'iter_2.pth', 'bare', 'iter_1.pth'], ['named', 'named, iter_2', 'bare, iter_1']),
])
def test_models_by_their_references(place, references, names):
    found = load_trained(references, 'cpu')
    assert [each.name for each in found] == names
    for each in found:
        file = place / ('iter_2.pth' if '2' in each.name else 'iter_1.pth')
        weights = torch.load(file, weights_only=True)['state_dict']
        assert all(torch.allclose(weights[key].float(), value.float(), atol=1e-3) for key, value in each.model.state_dict().items())


def test_a_run_that_counts_epochs(place):
    (place / 'run/iter_2.pth').rename(place / 'run/epoch_2.pth')
    assert load_trained(['run'], 'cpu')[0].name == 'run, 2 epochs'


@pytest.mark.parametrize(('references', 'message'), [
    (['lost'], 'no model of that name: known are bare, named'),
    (['lost/place'], "'lost/place' is no work directory, no config file, no safetensors file and no model of the zoo"),
    (['run', 'iter_1.pth'], "'iter_1.pth' is no work directory"),
    (['one.safetensors', 'iter_1.pth'], "'iter_1.pth' is no work directory"),
    (['tiny.py'], 'tiny.py comes without weights: name a checkpoint too; models with weights: named'),
    (['bare', 'run'], 'bare comes without weights'),
    (['tiny.py', 'iter_3.pth'], 'iter_3.pth'),
    (['lost.safetensors'], 'lost.safetensors'),
])
def test_what_names_no_model_is_said(place, references, message):
    with pytest.raises(IBGANError, match=message):
        load_trained(references, 'cpu')
