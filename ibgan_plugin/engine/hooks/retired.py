"""Names that configs of earlier versions use, such as those dumped beside their checkpoints."""
from typing import Any

from mmengine.hooks import Hook

from ibgan_plugin.registry import HOOKS


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Does nothing: ``CheckedRunner`` saves plain data without it.

    Args:
        max_history: Unused.
    """

    def __init__(self, max_history: Any = None) -> None:
        pass


@HOOKS.register_module()
class StrictLoadHook(Hook):
    """Does nothing: ``CheckedRunner`` loads strictly without it."""
