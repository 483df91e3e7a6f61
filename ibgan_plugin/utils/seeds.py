"""Random numbers of a seed."""
import torch

from ibgan_plugin.utils.errors import IBGANError


def generator_of(seed: int | None) -> torch.Generator | None:
    """PyTorch's random numbers on the CPU from a seed; None, which stands for the global random state, for None.

    Raises:
        IBGANError: If PyTorch takes no such seed.
    """
    if seed is None:
        return None
    if not -2**63 <= seed < 2**64:
        raise IBGANError(f'seed must be from -2^63 to 2^64 - 1, got {seed}')
    return torch.Generator().manual_seed(seed)
