"""Process-wide settings that make training on a CPU faster and change no result that matters."""
import ctypes
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch

from ibgan_plugin.utils.errors import IBGANError

# glibc's malloc.h: option numbers of mallopt.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def _c_function(name: str) -> Callable[..., int] | None:
    """A function of the process's C library, or None where it has no such function."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory for the next allocation instead of giving it back to the system.

    A training step frees and allocates the same activations and gradients, megabytes each, every time; by default each comes
    back as fresh pages that the kernel has to clear and map, which is up to a tenth of a step.

    Returns:
        Whether the C library has this option (glibc has).
    """
    mallopt = _c_function('mallopt')
    return mallopt is not None and bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))


def release_freed_memory() -> bool:
    """Give the memory that is free now back to the system; once, in spite of :func:`keep_freed_memory`.

    Call it where the sizes of the blocks change, as after an evaluation: blocks of other sizes leave gaps that the training's do
    not fit, and kept gaps would add up with each evaluation.

    Returns:
        Whether the C library can (glibc can).
    """
    malloc_trim = _c_function('malloc_trim')
    return malloc_trim is not None and bool(malloc_trim(0))


def use_onednn_products() -> bool:
    """Let oneDNN compute float32 matrix products where it uses wider vectors than MKL does, and is as exact.

    MKL leaves AVX-512 unused on processors of other makers, which halves its rate. torch gives oneDNN float32 products only with
    the permission to round their factors to bfloat16. oneDNN makes use of that where the processor has matrix units for it (AMX);
    a product that rounding would change tells, and then the permission is taken back. With CUDA nothing changes: it would round.

    Returns:
        Whether oneDNN computes them from now on.
    """
    if torch.cuda.is_available() or torch.backends.cpu.get_cpu_capability() != 'AVX512' or not torch.backends.mkldnn.is_available():
        return False
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('medium')
    side, fine = 256, 1 + 2**-12  # bfloat16 would make it 1
    if not (torch.full((side, side), fine) @ torch.ones(side, side)).eq(side * fine).all():
        torch.set_float32_matmul_precision(before)
        return False
    return True


class CPUSettings(NamedTuple):
    """What ``env_cfg.cpu`` of a config may turn off."""
    fast_convs: bool = True  #: :func:`~ibgan_plugin.ops.accelerate.accelerate`, which the runner applies to its model
    keep_freed_memory: bool = True  #: :func:`keep_freed_memory`
    onednn_matmul: bool = True  #: :func:`use_onednn_products`
    flush_denormal: bool = True  #: take denormal numbers (below 1e-38), which make some processors many times slower, for zero

    @classmethod
    def of(cls, env_cfg: Mapping[str, Any]) -> 'CPUSettings':
        """Those of a config's ``env_cfg``.

        Raises:
            IBGANError: If ``env_cfg.cpu`` has an unknown key or a value that is not True or False.
        """
        given = env_cfg.get('cpu') or {}
        if not isinstance(given, Mapping) or set(given) - set(cls._fields):
            raise IBGANError(f'env_cfg.cpu must be a dict with keys among {", ".join(cls._fields)}, got {given!r}')
        for key, value in given.items():
            if not isinstance(value, bool):
                raise IBGANError(f'env_cfg.cpu.{key} must be True or False, got {value!r}')
        return cls(**given)


#: All of them.
ALL_ON = CPUSettings()


def tune_cpu(settings: CPUSettings = ALL_ON) -> None:
    """Make the process's settings.

    Call early: threads take the treatment of denormal numbers from the thread that starts them.
    """
    if settings.keep_freed_memory:
        keep_freed_memory()
    if settings.onednn_matmul:
        use_onednn_products()
    if settings.flush_denormal:
        torch.set_flush_denormal(True)
