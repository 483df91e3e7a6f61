"""No silent loading of a checkpoint that does not fit."""
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.engine.checkpoints import check_weights
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
        check_weights(runner._load_from or 'the checkpoint', checkpoint.get('state_dict', checkpoint),
                      unwrap(runner.model).state_dict())
