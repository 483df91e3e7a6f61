"""MMEngine's ``compile`` option on machines that can not compile."""
import os
import shutil
import warnings

from mmengine.config import Config

COMPILERS = ('g++', 'clang++')


def drop_compile_without_compiler(cfg: Config) -> None:
    """Switch ``cfg.compile`` off, with one warning, where it would need a C++ compiler and there is none.

    ``torch.compile`` looks for the compiler at the first step, and fails there. Its default backend ``inductor`` needs one on CPUs
    and on CUDA; other backends are left alone. The environment variable ``CXX`` names a compiler of one's own.
    """
    option = cfg.get('compile', False)
    backend = option.get('backend', 'inductor') if isinstance(option, dict) else 'inductor'
    wanted = (os.environ['CXX'], ) if 'CXX' in os.environ else COMPILERS
    if not option or backend != 'inductor' or any(map(shutil.which, wanted)):
        return
    warnings.warn(f'compile = {option!r} needs a C++ compiler ({" or ".join(wanted)}) and there is none: training goes on '
                  'without compilation')
    cfg.compile = False
