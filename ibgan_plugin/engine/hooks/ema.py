"""Exponential moving average of what generates and encodes."""
from mmengine.hooks import EMAHook
from mmengine.registry import MODELS
from mmengine.runner import Runner
from torch import nn

from ibgan_plugin.engine.checkpoints import check_weights
from ibgan_plugin.engine.runner import is_resuming
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError


@HOOKS.register_module()
class GeneratorSideEMAHook(EMAHook):
    """MMEngine's EMAHook over the generator side only: by default what encodes and draws, never D or a critic.

    A trunk that D and q share encodes too: an averaged q reads an averaged trunk.

    Validation, testing and saved ``state_dict`` use the average, as with MMEngine's hook; the trained weights are in
    ``ema_state_dict``.

    Args:
        modules: Names of the model's submodules to average; absent ones are skipped.
        kwargs: Arguments of MMEngine's ``EMAHook`` (``ema_type``, ``momentum``, ``begin_iter``, ...).
    """

    def __init__(self, modules: tuple[str, ...] = ('encoder', 'generator', 'decoder', 'trunk', 'reconstructor'), **kwargs) -> None:
        super().__init__(**kwargs)
        self.modules = modules

    def before_run(self, runner: Runner) -> None:
        """Copy the chosen submodules. Their names keep the prefix they have in the model, so states can be swapped by key."""
        model = unwrap(runner.model)
        chosen = {name: unwrap(getattr(model, name)) for name in self.modules if getattr(model, name, None) is not None}
        if not chosen:
            raise IBGANError(f'GeneratorSideEMAHook.modules {self.modules} names no submodule of {type(model).__name__}')
        self.src_model = nn.ModuleDict(chosen)
        self.ema_model = MODELS.build(self.ema_cfg, default_args=dict(model=self.src_model))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """As MMEngine's hook; a checkpoint without averages, or one loaded to test, gives its own weights as the average.

        So does one that averages fewer submodules, such as one from before the trunk was among them, for the others.
        """
        average, weights = self.ema_model.module, checkpoint.get('state_dict', checkpoint)
        if 'ema_state_dict' in checkpoint and is_resuming(runner):
            self._add_missing_averages(runner, checkpoint)
            check_weights('the averages of the checkpoint', checkpoint['ema_state_dict'], self.ema_model.state_dict())
            super().after_load_checkpoint(runner, checkpoint)
            return
        if is_resuming(runner):
            runner.logger.warning('The checkpoint has no averages of weights: they start from its weights')
        average.load_state_dict({key: weights.get(key, value) for key, value in average.state_dict().items()})

    def _add_missing_averages(self, runner: Runner, checkpoint: dict) -> None:
        """Let the averages of whole submodules that a checkpoint has none of start from its weights."""
        averages, weights = checkpoint['ema_state_dict'], checkpoint['state_dict']
        averaged = {str(key).removeprefix('module.').partition('.')[0] for key in averages}
        missing = [name for name in self.src_model if name not in averaged]
        if missing:
            runner.logger.warning(f'The checkpoint has no averages of {", ".join(missing)}: they start from its weights')
        averages.update({f'module.{key}': value for key, value in weights.items() if key.partition('.')[0] in missing})
