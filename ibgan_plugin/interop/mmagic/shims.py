"""Makes ``import mmagic`` (1.2.0) work beside a CPU build of PyTorch and ``mmcv-lite``. Import it before mmagic.

A config does so with ``custom_imports=dict(imports=['ibgan_plugin.interop.mmagic.shims'], allow_failed_imports=False)``; for
mmagic's own tools, which import it before they read a config: ``python -m ibgan_plugin.interop.mmagic.shims TOOL ARGUMENTS``.

Both shims fill in names that mmagic's import looks up and that its GANs never call; where the real thing is there, neither does
anything:

- ``torchvision``: see :mod:`ibgan_plugin.utils.torchvision_operators`.
- ``mmcv._ext``: the compiled operators, which ``mmcv-lite`` leaves out. mmagic imports all of its models at once, and some of
  them name operators while they are imported. The shim has every name; each raises when it is called.
"""
import importlib.util
import runpy
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from ibgan_plugin.utils.torchvision_operators import declare_torchvision_operators


class _MissingOperators(ModuleType):
    """A module in which every public name is a function that says why it can not run."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*_: Any, **__: Any) -> NoReturn:
            raise NotImplementedError(f'{self.__name__}.{name} is compiled code, which mmcv-lite does not have: install mmcv')

        return missing


def stand_in_for_mmcv_operators() -> None:
    """Put a module without operators in the place of ``mmcv._ext``, if mmcv was installed without it."""
    name = 'mmcv._ext'
    if name not in sys.modules and importlib.util.find_spec(name) is None:
        module = _MissingOperators(name)
        module.__spec__ = ModuleSpec(name, loader=None)
        sys.modules[name] = module


declare_torchvision_operators()
stand_in_for_mmcv_operators()

if __name__ == '__main__':
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name='__main__')
