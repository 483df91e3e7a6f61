"""MMEngine's runner with checks; the one file that knows its insides."""
import re
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import revert_sync_batchnorm
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_state_dict
from torch import nn

from ibgan_plugin.config.check import ConfigError, config_errors
from ibgan_plugin.engine.checkpoints import (
    ATOMIC_BACKEND,
    check_weights,
    history_from_plain,
    history_to_plain,
    read_checkpoint,
)
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.ops import CPUSettings, accelerate, convert_sync_batchnorm, tune_cpu
from ibgan_plugin.registry import RUNNERS

DEVICES = re.compile(r'cpu|cuda(:\d+)?')


def choose_device(name: str | None = None) -> torch.device:
    """The device of that name, made torch's current one; without a name MMEngine's choice, CUDA where there is any.

    Raises:
        ConfigError: If it is unknown or not available.
    """
    if name is None:
        return torch.device(get_device())
    if not isinstance(name, str) or not DEVICES.fullmatch(name):
        raise ConfigError(f"--device (env_cfg.device) must be 'cpu', 'cuda' or 'cuda:N', got {name!r}")
    device = torch.device(name)
    if device.type == 'cuda':
        if (device.index or 0) >= torch.cuda.device_count():
            raise ConfigError(f'--device {name}: no such CUDA device is available')
        torch.cuda.set_device(device)
    return device


@RUNNERS.register_module()
class CheckedRunner(Runner):
    """MMEngine's ``Runner`` that says early, in one line, what is wrong, and whose checkpoints are plain, whole and checked.

    * What a config builds wrong is a :class:`~ibgan_plugin.config.check.ConfigError`, also what is built only when training
      begins.
    * Checkpoints hold tensors and plain data only, and appear under their names once they are whole on the disk. MMEngine's own
      hold pickled objects, which ``torch.load(weights_only=True)``, the default since torch 2.6, refuses.
    * A checkpoint is loaded only if all its weights fit the model, all of the model's.
    * ``env_cfg.device`` (``'cpu'``, ``'cuda'`` or ``'cuda:N'``) says where to run; distributed runs go on CPUs too, over gloo.
    * ``env_cfg.cpu`` says what makes it fast: all of :class:`~ibgan_plugin.ops.cpu.CPUSettings` where nothing is turned off.
    * A hook of ``default_hooks`` is taken out by its name: ``default_hooks=dict(traversal=None)``.

    Choose it by ``runner_type='ibgan_plugin.CheckedRunner'``. Arguments are those of MMEngine's ``Runner``.

    Attributes:
        device: Where the model is.
        preempted: Whether a signal has ended the training early, see :class:`~ibgan_plugin.engine.hooks.PreemptionHook`.
    """

    device: torch.device
    preempted = False

    @classmethod
    def from_cfg(cls, cfg: Config) -> 'CheckedRunner':
        """The runner of a config.

        Raises:
            ConfigError: If components do not fit each other or an argument of one is impossible; names the file and the keys.
                What is built when training or testing begins, such as loops and schedules, raises it then.
        """
        with config_errors(cfg):
            runner = super().from_cfg(cfg)
            if runner.optim_wrapper is not None:  # MMEngine builds it after the data sets
                runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        return runner

    def build_train_loop(self, loop: Any) -> Any:
        """As MMEngine's; mistakes are a ConfigError."""
        with config_errors(self.cfg):
            return super().build_train_loop(loop)

    def build_val_loop(self, loop: Any) -> Any:
        """As MMEngine's; mistakes are a ConfigError."""
        with config_errors(self.cfg):
            return super().build_val_loop(loop)

    def build_test_loop(self, loop: Any) -> Any:
        """As MMEngine's; mistakes are a ConfigError."""
        with config_errors(self.cfg):
            return super().build_test_loop(loop)

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """As MMEngine's; mistakes are a ConfigError."""
        with config_errors(self.cfg):
            return super().build_param_scheduler(scheduler)

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """As MMEngine's; None takes out a hook of any name, not only those that MMEngine knows."""
        named = {'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint'}
        super().register_default_hooks({name: hook for name, hook in (hooks or {}).items() if hook is not None or name in named})

    # Where it runs

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Make the settings of ``env_cfg.cpu``, choose the device, and join the other processes over gloo where there is no CUDA.

        MMEngine's launcher sets a CUDA device unconditionally, so the process group is made ahead of it.

        Raises:
            IBGANError: If ``env_cfg.cpu`` has an unknown key, ``env_cfg.device`` is unknown or not available, or the launcher
                needs CUDA.
        """
        self.cpu = CPUSettings.of(env_cfg)
        tune_cpu(self.cpu)
        self.device = choose_device(env_cfg.get('device'))
        if self.distributed and self.device.type == 'cpu':
            if torch.cuda.is_available():
                raise ConfigError('a distributed run on CPUs needs CUDA_VISIBLE_DEVICES= (empty) in the environment')
            if self.launcher != 'pytorch':
                raise ConfigError(f'--launcher {self.launcher} needs CUDA devices; on CPUs use tools/dist_train.sh (--launcher '
                                  f'pytorch)')
            if not torch.distributed.is_initialized():
                torch.distributed.init_process_group(backend='gloo')
        super().setup_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """Make the model fast and move it to its device; in a distributed run synchronise its BatchNorm, if it asks for that, and
        wrap it, which leaves it on the CPU where there is no CUDA."""
        if self.cpu.fast_convs:
            accelerate(model)
        if not self.distributed:
            return revert_sync_batchnorm(model.to(self.device))
        if isinstance(model, LatentModel) and model.sync_bn:
            convert_sync_batchnorm(model, self.device.type)
        if self.device.type == 'cpu':
            model_wrapper_cfg = {**(model_wrapper_cfg or dict(type='mmengine.MMSeparateDistributedDataParallel')),
                                 'device_ids': None}
        return super().wrap_model(model_wrapper_cfg, model)

    # Checkpoints

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """As MMEngine's; what the last hook leaves of a checkpoint to be saved becomes plain data."""
        super().call_hook(fn_name, **kwargs)
        if fn_name == 'before_save_checkpoint':
            history_to_plain(kwargs['checkpoint'])

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """As MMEngine's; a local file is written whole or not at all."""
        if kwargs.get('backend_args') is None:
            kwargs['backend_args'] = dict(backend=ATOMIC_BACKEND)
        super().save_checkpoint(out_dir, filename, *args, **kwargs)

    def load_checkpoint(self, filename: str, map_location: str | torch.device | Callable = 'cpu', strict: bool = True,
                        revise_keys: list = [(r'^module\.', '')]) -> dict[str, Any]:  # noqa: B006
        """Load the weights of a local checkpoint, all of them and no others.

        Args: as ``mmengine.runner.Runner.load_checkpoint``, but always strict.

        Returns:
            What the file holds.

        Raises:
            CheckpointError: If the file is damaged, holds more than tensors and plain data, or does not fit the model.
        """
        checkpoint = read_checkpoint(filename, map_location)
        history_from_plain(checkpoint, filename)
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        weights = checkpoint.get('state_dict', checkpoint)
        for pattern, replacement in revise_keys:
            weights = {re.sub(pattern, replacement, key): value for key, value in weights.items()}
        model = unwrap(self.model)
        check_weights(filename, weights, model.state_dict())
        load_state_dict(model, weights, strict=True)
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')
        return checkpoint

    def resume(self, filename: str, resume_optimizer: bool = True, resume_param_scheduler: bool = True,
               map_location: str | torch.device | Callable = 'default') -> None:
        """As MMEngine's, from a local checkpoint that holds all that resuming needs.

        Raises:
            CheckpointError: As :meth:`load_checkpoint`, and if it lacks the optimiser's state or is of no possible iteration.
        """
        super().resume(filename, resume_optimizer, resume_param_scheduler,
                       self.device if map_location == 'default' else map_location)
