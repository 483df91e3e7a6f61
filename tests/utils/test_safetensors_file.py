import pytest
import torch

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.safetensors_file import read_config_of, read_safetensors, to_half, write_safetensors


@pytest.mark.parametrize(('values', 'dtype'), [
    ([1.0, -0.3, 65000.0, 0.0], torch.float16),
    ([1e-9, 1.0], torch.float16),  # what is lost there is less than 1e-7
    ([70000.0], torch.float32),
    ([1.5e-3, float('inf')], torch.float32),
])
def test_half_precision_where_it_holds_the_values(values, dtype):
    stored = to_half(torch.tensor(values))
    assert stored.dtype == dtype
    torch.testing.assert_close(stored.float(), torch.tensor(values), rtol=2**-10, atol=1e-7)


def test_integers_stay_as_they_are():
    assert to_half(torch.tensor(2**40)).item() == 2**40


def test_weights_and_config_come_back(tmp_path):
    weights = dict(a=torch.randn(3, 4).to(memory_format=torch.contiguous_format), n=torch.tensor(7), big=torch.full((2, ), 1e6))
    write_safetensors(tmp_path / 'w.safetensors', weights, dict(model=dict(type='X', dims=[1, 2])))
    content = read_safetensors(tmp_path / 'w.safetensors')
    assert content['config'] == dict(model=dict(type='X', dims=[1, 2])) and content['state_dict']['n'].dtype == torch.int64
    torch.testing.assert_close(content['state_dict']['a'], weights['a'], rtol=2**-10, atol=1e-7)
    assert content['state_dict']['a'].dtype == torch.float32 and content['state_dict']['big'].tolist() == [1e6, 1e6]


def test_files_that_are_none(tmp_path):
    path = tmp_path / 'w.safetensors'
    with pytest.raises(IBGANError, match='no checkpoint file'):
        read_safetensors(path)
    write_safetensors(path, dict(a=torch.ones(1000)), {})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(IBGANError, match='truncated or no safetensors file'):
        read_safetensors(path)
    path.write_bytes(b'no such thing')
    with pytest.raises(IBGANError, match='truncated or no safetensors file'):
        read_safetensors(path)


def test_a_file_without_config_says_so(tmp_path):
    from safetensors.torch import save_file
    save_file(dict(a=torch.ones(2)), tmp_path / 'w.safetensors')
    assert read_safetensors(tmp_path / 'w.safetensors')['config'] is None
    with pytest.raises(IBGANError, match='holds no config of its model'):
        read_config_of(tmp_path / 'w.safetensors')
