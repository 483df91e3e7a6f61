import pytest
import torch

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.seeds import generator_of


@pytest.mark.parametrize('seed', [0, -2**63, 2**64 - 1])
def test_a_seed_gives_the_same_numbers(seed):
    first, second = (torch.randn(3, generator=generator_of(seed)) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize('seed', [-2**63 - 1, 2**64, 99999999999999999999])
def test_seeds_that_pytorch_has_not_are_refused(seed):
    with pytest.raises(IBGANError, match=f'^seed must be from -2\\^63 to 2\\^64 - 1, got {seed}$'):
        generator_of(seed)


def test_no_seed_stands_for_the_global_state():
    assert generator_of(None) is None
