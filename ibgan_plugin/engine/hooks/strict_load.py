"""No silent loading of a checkpoint that does not fit."""
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.registry import HOOKS


@HOOKS.register_module()
class StrictLoadHook(Hook):
    """Refuses a checkpoint whose weights differ from the model's in name or shape, where MMEngine only logs a warning.

    Raises:
        ValueError: Names the checkpoint and the first weights that differ.
    """
    priority = 'VERY_LOW'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare before MMEngine loads."""
        where = runner._load_from or 'the checkpoint'
        given, own = checkpoint.get('state_dict', checkpoint), unwrap(runner.model).state_dict()
        for problem, missing in (('lacks', own.keys() - given.keys()), ('has, beyond the model,', given.keys() - own.keys())):
            if missing:
                keys = sorted(missing)
                more = f' and {len(keys) - 1} more' if len(keys) > 1 else ''
                raise ValueError(f'{where} does not fit the config: it {problem} {keys[0]!r}{more}')
        for key, value in own.items():
            if given[key].shape != value.shape:
                raise ValueError(f'{where} does not fit the config: {key!r} has shape {tuple(given[key].shape)} in it, '
                                 f'but {tuple(value.shape)} in the model')
