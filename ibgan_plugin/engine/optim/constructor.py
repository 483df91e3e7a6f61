"""One optimiser for each group of submodules."""
import copy
import pkgutil
from typing import Any

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper, OptimWrapperDict
from torch import nn

from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.registry import OPTIM_WRAPPER_CONSTRUCTORS
from ibgan_plugin.utils.errors import IBGANError


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor:
    """Builds an ``OptimWrapperDict`` from one optimiser-wrapper config a group.

    A group is a list of submodules of the model. They come from the group's ``modules``, else from the model's ``optim_groups()``
    (:class:`~ibgan_plugin.models.base.LatentModel`), else the group is the submodule of the same name. Each group has an optimiser,
    a learning rate, clipping, accumulation and ``paramwise_cfg`` of its own; schedulers follow MMEngine's
    ``param_scheduler=dict(group=[...])``.

    Example:
        >>> optim_wrapper = dict(
        ...     constructor='ibgan_plugin.GroupedOptimWrapperConstructor',
        ...     generator=dict(optimizer=dict(type='RMSprop', lr=5e-5),
        ...                    paramwise_cfg=dict(custom_keys={'encoder': dict(lr_mult=2.)})),
        ...     discriminator=dict(optimizer=dict(type='RMSprop', lr=1e-6), modules=['discriminator', 'trunk']))

    Args:
        optim_wrapper_cfg: Group name to optimiser-wrapper config.
        paramwise_cfg: Must be None: it belongs into the groups.

    Raises:
        IBGANError: If a group is no dict, names an unknown submodule, or a trainable parameter is in no group or in two; if
            ``paramwise_cfg`` is asked for with Python 3.14.
    """

    def __init__(self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict | None = None) -> None:
        if paramwise_cfg is not None:
            raise IBGANError('optim_wrapper.paramwise_cfg must be given inside each group, such as optim_wrapper.generator')
        self.groups = {key: dict(value) for key, value in optim_wrapper_cfg.items() if isinstance(value, dict)}
        if len(self.groups) < len(optim_wrapper_cfg):
            extra = sorted(set(optim_wrapper_cfg) - set(self.groups))
            raise IBGANError(f'optim_wrapper.{extra[0]} must be a dict with the optimizer of that group, '
                             f'got {optim_wrapper_cfg[extra[0]]!r}')

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the wrappers for ``model``, which may be wrapped for distributed training."""
        bare = unwrap(model)
        wrappers: dict[str, OptimWrapper] = {}
        owners: dict[nn.Parameter, str] = {}
        known = bare.optim_groups() if isinstance(bare, LatentModel) else {}
        for key, group in copy.deepcopy(self.groups).items():
            names = group.pop('modules', known.get(key, [key]))
            paramwise_cfg = group.pop('paramwise_cfg', None)
            if paramwise_cfg and not hasattr(pkgutil, 'find_loader'):  # MMEngine calls it
                raise IBGANError(f'optim_wrapper.{key}.paramwise_cfg can not be used with Python 3.14, for which MMEngine lacks a '
                                 f'part: train with an older Python')
            modules = nn.ModuleDict({name: self._submodule(bare, key, name) for name in names})
            for name, parameter in modules.named_parameters():
                if parameter in owners:
                    raise IBGANError(f'parameter {name!r} is in two groups of optim_wrapper: {owners[parameter]!r} and {key!r}')
                owners[parameter] = key
            wrappers[key] = DefaultOptimWrapperConstructor({'type': 'OptimWrapper', **group}, paramwise_cfg)(modules)
        left = [name for name, parameter in bare.named_parameters() if parameter.requires_grad and parameter not in owners]
        if left:
            raise IBGANError(f'no group of optim_wrapper ({", ".join(wrappers)}) trains {left[0]!r} and {len(left) - 1} other '
                             f'parameters')
        return OptimWrapperDict(**wrappers)

    @staticmethod
    def _submodule(model: nn.Module, key: str, name: str) -> nn.Module:
        """The bare submodule ``name``."""
        module = getattr(model, name, None)
        if not isinstance(module, nn.Module):
            raise IBGANError(f'optim_wrapper.{key} names {name!r}, which is no submodule of {type(model).__name__}; it has: '
                             f'{", ".join(n for n, m in model.named_children() if any(True for _ in m.parameters()))}')
        return unwrap(module)
