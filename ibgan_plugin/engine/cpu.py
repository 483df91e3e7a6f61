"""Process-wide settings that make training on a CPU faster and change no result that matters."""
import ctypes

import torch

# glibc's malloc.h: option numbers of mallopt, and the largest threshold that it takes on 64-bit machines.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _LARGEST = -1, -3, 32 << 20


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory for the next allocation instead of giving it back to the system.

    A training step frees and allocates the same activations and gradients, megabytes each, every time; by default each comes
    back as fresh pages that the kernel has to clear and map, which is up to a tenth of a step. Blocks above 32 MiB still do.

    Returns:
        Whether the C library has this option (glibc has).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))


def release_freed_memory() -> bool:
    """Give the memory that is free now back to the system; once, in spite of :func:`keep_freed_memory`.

    Call it where the sizes of the blocks change, as after an evaluation: blocks of other sizes leave gaps that the training's do not
    fit, and kept gaps would add up with each evaluation.

    Returns:
        Whether the C library can (glibc can).
    """
    try:
        malloc_trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return False
    return bool(malloc_trim(0))


def tune_cpu() -> None:
    """Keep freed memory, and take denormal numbers (below 1e-38) for zero: some processors are many times slower with them.

    Call early: threads take the treatment of denormal numbers from the thread that starts them.
    """
    keep_freed_memory()
    torch.set_flush_denormal(True)
