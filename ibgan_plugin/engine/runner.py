"""MMEngine's runner with checks; the one file that reads its private parts."""
import inspect
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import torch.distributed
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import init_dist, is_distributed
from mmengine.hooks import CheckpointHook, EMAHook
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_state_dict
from mmengine.utils.dl_utils import collect_env
from mmengine.visualization import LocalVisBackend, MLflowVisBackend, Visualizer
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ibgan_plugin.config.errors import ConfigError
from ibgan_plugin.engine.building import NamingRunner
from ibgan_plugin.engine.checkpoints import (
    ATOMIC_BACKEND,
    check_pretrained,
    check_weights,
    fitting_weights,
    history_from_plain,
    history_to_plain,
    newest_whole_checkpoint,
    read_checkpoint,
    register_atomic_backend,
    restore_trained,
)
from ibgan_plugin.engine.log import silence_boilerplate, write_environment, write_warnings_to
from ibgan_plugin.engine.resume import (
    changes,
    check_optimizers,
    check_resumable,
    check_setting,
    fingerprint,
    refuse,
    resume_optimizers,
    resume_schedules,
    said,
)
from ibgan_plugin.engine.start_checks import check_first_image, check_ranks_agree, check_test_image
from ibgan_plugin.engine.summary import what_begins, what_is_where
from ibgan_plugin.models.base import LatentModel
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.ops import CPUSettings, accelerate, convert_sync_batchnorm, revert_sync_batchnorm, tune_cpu
from ibgan_plugin.registry import RUNNERS
from ibgan_plugin.utils import run_names
from ibgan_plugin.utils.files import write_whole
from ibgan_plugin.utils.provenance import provenance
from ibgan_plugin.utils.threads import resume_threads

#: Message-hub key: whether a signal has ended the training early.
PREEMPTED = 'ibgan_preempted'
DEVICES = re.compile(r'cpu|cuda(:\d+)?')


def choose_device(name: str | None = None) -> torch.device:
    """The device of that name, made torch's current one; ``'cuda'`` is the current one as it is.

    Without a name it is MMEngine's choice, CUDA where there is any.

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
        if device.index is not None:  # 'cuda' is the current one, which a launcher may have chosen; torch refuses to set it
            torch.cuda.set_device(device)
    return device


def join_processes(launcher: str, device: torch.device, env_cfg: dict[str, Any]) -> None:
    """Join the other processes of a distributed run, over gloo where there is no CUDA; the second time do nothing.

    MMEngine's launcher sets a CUDA device unconditionally, so on CPUs the process group is made here.

    Raises:
        ConfigError: If the launcher needs CUDA, GPUs are there but not to be used, which MMEngine's wrappers can not, or all
            processes are to use the same.
    """
    if launcher == 'none' or is_distributed():
        return
    if device.index is not None:
        raise ConfigError(f'--device {device} is one GPU for all processes of --launcher {launcher}: leave it out, and each takes '
                          f'its own; CUDA_VISIBLE_DEVICES in the environment says of which')
    if device.type != 'cpu':
        init_dist(launcher, **env_cfg.get('dist_cfg', {}))
        return
    if torch.cuda.is_available():
        raise ConfigError('a distributed run on CPUs needs CUDA_VISIBLE_DEVICES= (empty) in the environment')
    if launcher != 'pytorch':
        raise ConfigError(f'--launcher {launcher} needs CUDA devices; on CPUs use tools/dist_train.sh (--launcher pytorch)')
    torch.distributed.init_process_group(backend='gloo')


@RUNNERS.register_module()
class CheckedRunner(NamingRunner):
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
    """

    device: torch.device
    _scores: Mapping[str, Any] = MappingProxyType({})  # of the last validation

    @property
    def preempted(self) -> bool:
        """Whether a signal has ended the training early, see :class:`~ibgan_plugin.engine.hooks.PreemptionHook`."""
        return self.message_hub.runtime_info.get(PREEMPTED, False)

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """As MMEngine's; None takes out a hook of any name, not only those that MMEngine knows."""
        named = {'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint'}
        super().register_default_hooks({name: hook for name, hook in (hooks or {}).items() if hook is not None or name in named})

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """As MMEngine's without its remarks about itself; warnings of Python go to its file too, if a tool hears them."""
        logger = super().build_logger(*args, **kwargs)
        silence_boilerplate(logger)
        write_warnings_to(logger)
        return logger

    def build_visualizer(self, visualizer: Any = None) -> Visualizer:
        """As MMEngine's; what it writes to starts now, since another package's refusal would come later and as a traceback.

        Raises:
            ConfigError: If a back end can not start: no package, no account, no place to write.
        """
        built = super().build_visualizer(visualizer)
        for name, backend in built._vis_backends.items() if self.rank == 0 else ():
            try:
                backend.experiment  # noqa: B018  starts it
            except Exception as error:
                reason = ' '.join(f'{type(error).__name__}: {error}'.split())[:300]
                where = f'{self.cfg.filename or "config"}: visualizer.vis_backends'
                raise ConfigError(f'{where}: {name} can not start ({reason})') from error
        return built

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """Machine, packages and commit go to a file; MMEngine logs them, and the whole config, which has files of its own."""
        if self.rank == 0:
            write_environment(Path(self.work_dir) / run_names.ENVIRONMENT, {**collect_env(), **provenance()})

    def dump_config(self) -> None:
        """Nothing yet: a run that is refused, and a test of one, leave the config in the work directory as it is."""

    def _write_config(self) -> None:
        """Put the config of the training that begins into the work directory, as it would start there anew."""
        config = Config(self.cfg.to_dict(), filename=self.cfg.filename)
        config.resume, config.load_from = False, None if self._resume else self._load_from
        name = Path(self.cfg.filename or f'{self.timestamp}.py').name
        write_whole(Path(self.work_dir) / name, config.dump())

    # Where it runs

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Make the settings of ``env_cfg.cpu``, choose the device, and join the other processes, as :func:`join_processes`.

        Raises:
            IBGANError: If ``env_cfg.cpu`` has an unknown key, ``env_cfg.device`` is unknown or not available, or the launcher
                needs CUDA.
        """
        self.cpu = CPUSettings.of(env_cfg)
        tune_cpu(self.cpu)
        self.device = choose_device(env_cfg.get('device'))
        join_processes(self.launcher, self.device, env_cfg)
        register_atomic_backend()
        super().setup_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """Make the model fast and move it to its device; in a distributed run synchronise its BatchNorm, if it asks for that, and
        wrap it, which leaves it on the CPU where there is no CUDA."""
        if self.cpu.fast_convs:
            accelerate(model)
        if not self.distributed:
            revert_sync_batchnorm(model)
            return model.to(self.device)
        if isinstance(model, LatentModel) and model.sync_bn:
            convert_sync_batchnorm(model, self.device.type)
        # parameters of 1x1 convolutions in channels-last memory have strides of two readings; nothing is slower for it
        warnings.filterwarnings('ignore', message='Grad strides do not match bucket view strides')
        wrapper = {**(model_wrapper_cfg or dict(type='mmengine.MMSeparateDistributedDataParallel'))}
        if self.device.type == 'cpu':
            wrapper['device_ids'] = None
        if 'forward_sync_buffers' in inspect.signature(DistributedDataParallel).parameters:  # its name since torch 2.13
            wrapper = {'broadcast_buffers': None, 'forward_sync_buffers': False, **wrapper}
        return super().wrap_model(wrapper, model)

    # Before the first iteration

    def train(self) -> nn.Module:
        """As MMEngine's, after a look at the first image of every loader, and at what the other processes have.

        Raises:
            IBGANError: If an image is not as the model takes it, or processes of a distributed run differ in config or data.
        """
        loaders = {'train_dataloader': self.train_loop.dataloader}
        if self._val_loop is not None:
            loaders['val_dataloader'] = self.val_loop.dataloader
        check_ranks_agree(self.cfg, loaders)
        bare = unwrap(self.model)
        if isinstance(bare, LatentModel):
            for name, loader in loaders.items():
                check_first_image(name, loader.dataset, bare.image_shape)
            check_test_image(self.cfg, bare.image_shape)
        start = f'{"goes on from" if self._resume else "weights of"} {self._load_from}' if self._load_from else 'afresh'
        self.logger.info(what_begins(self, loaders, self._randomness_cfg.get('seed'), start, self.device))
        model = super().train()
        if not self.preempted:
            self.logger.info(what_is_where(self, self._scores))
        return model

    def _init_model_weights(self) -> None:
        """As MMEngine's, after a look at the weight files that it reads: each has all weights of its part and no others."""
        for name, module in unwrap(self.model).named_modules():
            check_pretrained(name, module)
        super()._init_model_weights()

    # Checkpoints

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """As MMEngine's; what the last hook leaves of a checkpoint to be saved becomes plain data."""
        if fn_name == 'before_train' and self.rank == 0:
            self._write_config()
        super().call_hook(fn_name, **kwargs)
        if fn_name == 'after_val_epoch':
            self._scores = dict(kwargs.get('metrics') or {})
        if fn_name == 'before_save_checkpoint':
            kwargs['checkpoint']['meta'].update(world_size=self.world_size, threads=torch.get_num_threads(),
                                                data=fingerprint(self.train_dataloader))
            history_to_plain(kwargs['checkpoint'])

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """As MMEngine's; a local file is written whole or not at all."""
        if kwargs.get('backend_args') is None:
            kwargs['backend_args'] = dict(backend=ATOMIC_BACKEND)
        super().save_checkpoint(out_dir, filename, *args, **kwargs)

    def load_or_resume(self) -> None:
        """Load what the run starts from, unless that has been done; ``resume`` without a file is the newest whole checkpoint."""
        if self._has_loaded:
            return
        start = self._load_from
        if self._resume and start is None:
            start = newest_whole_checkpoint(self.work_dir)
        if self._resume:
            self.resume(start)
        elif start is not None:
            self.load_checkpoint(start, strict=self.cfg.get('load_strict', True))

    def load_checkpoint(self, filename: str, map_location: str | torch.device | Callable = 'cpu', strict: bool = True,
                        revise_keys: Sequence[tuple[str, str]] = ((r'^module\.', ''), )) -> dict[str, Any]:
        """Load the weights of a local checkpoint.

        Args:
            filename: The file.
            map_location: Where its tensors go first.
            strict: Whether all weights must be there and no others; otherwise those that fit are loaded, the rest is listed.
            revise_keys: Pairs of a regular expression and what replaces it in the names of weights.

        Returns:
            What the file holds.

        Raises:
            CheckpointError: If the file is damaged, holds more than tensors and plain data, or does not fit the model.
        """
        checkpoint = read_checkpoint(filename, map_location)
        self._load(filename, checkpoint, strict, revise_keys)
        return checkpoint

    def _load(self, filename: str, checkpoint: dict[str, Any], strict: bool = True,
              revise_keys: Sequence[tuple[str, str]] = ()) -> None:
        """Load the weights of what was read from a file."""
        model = unwrap(self.model)
        weights = checkpoint.get('state_dict', checkpoint)
        for pattern, replacement in revise_keys:
            weights = {re.sub(pattern, replacement, key): value for key, value in weights.items()}
        if strict:
            check_weights(filename, weights, model.state_dict())
        else:
            weights, left_out = fitting_weights(filename, weights, model.state_dict())
            summary = f'{filename}: {len(weights)} weights are loaded, {len(left_out)} are not'
            self.logger.warning('\n    '.join([summary, *left_out]))
        if 'state_dict' in checkpoint:
            checkpoint['state_dict'] = weights
        history_from_plain(checkpoint, filename)
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        load_state_dict(model, checkpoint.get('state_dict', weights), strict=strict)
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')

    def resume(self, filename: str, resume_optimizer: bool = True, resume_param_scheduler: bool = True,
               map_location: str | torch.device | Callable = 'default') -> None:
        """Go on from a local checkpoint; what has changed in the config since is used and logged, or refused.

        Args: as ``mmengine.runner.Runner.resume``.

        Raises:
            CheckpointError: As :meth:`load_checkpoint`; if it lacks what resuming needs or is of no possible iteration; if the
                config has changed in what can not be changed on the way.
        """
        checkpoint = read_checkpoint(filename, self.device if map_location == 'default' else map_location)
        check_resumable(filename, checkpoint, self.max_iters)
        meta = checkpoint['meta']
        changed = changes(str(meta.get('cfg', '')), self.cfg.pretty_text)
        refuse(filename, changed)
        changed = check_setting(filename, meta, changed, fingerprint(self.train_dataloader), self.world_size,
                                resume_threads(meta.get('threads')))
        if resume_optimizer:
            check_optimizers(filename, checkpoint['optimizer'], self.optim_wrapper)
        if 'ema_state_dict' in checkpoint and not any(isinstance(hook, EMAHook) for hook in self.hooks):
            self.logger.warning(f'{filename} has averages of weights, which this run does not go on with: it has no EMAHook')
            restore_trained(checkpoint)
        self._load(filename, checkpoint)
        self.train_loop._epoch, self.train_loop._iter = meta['epoch'], meta['iter']
        self.message_hub.load_state_dict(checkpoint['message_hub'])
        if resume_optimizer:
            resume_optimizers(filename, checkpoint['optimizer'], changed, self.optim_wrapper)
        if resume_param_scheduler and self.param_schedulers is not None:
            resume_schedules(checkpoint.get('param_schedulers', {}), self.param_schedulers)
        for line in (said(key, *values) for key, values in changed.items()):
            self.logger.warning(f'From here on: {line}')
        self.logger.info(f'resumed epoch: {self.epoch}, iter: {self.iter}')


def is_resuming(runner: Runner) -> bool:
    """Whether a run goes on from where a checkpoint was left."""
    return runner._resume


def accumulates(optim_wrapper: OptimWrapper) -> bool:
    """Whether several iterations' gradients make one update of an optimiser."""
    return optim_wrapper._accumulative_counts != 1


def save_now(runner: Runner, iteration: int) -> str | None:
    """Save after ``iteration`` iterations as the run's checkpoint hook would, unless it has; the file, or None without a hook."""
    hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    if hook is None:
        return None
    if not str(hook.last_ckpt).endswith(hook.filename_tmpl.format(iteration)):
        hook._save_checkpoint_with_step(runner, iteration, dict(epoch=runner.epoch, iter=iteration))
    return hook.last_ckpt


def add_image_elsewhere(visualizer: Visualizer, name: str, image: np.ndarray, step: int) -> None:
    """Give an image to the visualiser's backends, except to those that would write a second file of it beside the run's own."""
    for backend in visualizer._vis_backends.values():
        if isinstance(backend, MLflowVisBackend):  # it takes the name for that of a file, and knows no step
            backend.add_image(run_names.picture_name(name, step), image)
        elif not isinstance(backend, LocalVisBackend):
            backend.add_image(name, image, step=step)
