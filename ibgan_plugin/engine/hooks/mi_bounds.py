"""Logging of the information bounds."""
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from ibgan_plugin.engine.runner import is_resuming
from ibgan_plugin.models.base import ACTIVE_THRESHOLD, KL_PER_DIM, LatentModel, active_dims
from ibgan_plugin.models.freeze import evaluating, unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError


@HOOKS.register_module()
class MIBoundsHook(Hook):
    """Writes the information bounds to every visualiser backend, averaged over the iterations since the last time.

    Scalars, in nats: ``mi/lower_bound``, ``mi/upper_bound``, ``mi/gap`` (upper minus lower), ``kl/dim_00`` .. one a dimension of r,
    ``kl/active_dims`` (dimensions with a KL above ``active_threshold``, of the model's own estimate as it stands, which pictures
    show too; of the averages, where it has none), and ``instance_noise_std``.

    Args:
        interval: Iterations between two writings, at least 1.
        active_threshold: KL in nats above which a dimension counts as active.

    Raises:
        IBGANError: If ``interval`` is below 1.
    """
    #: Before the log's line of the same iteration, which names the active dimensions.
    priority = 'NORMAL'

    def __init__(self, interval: int = 100, active_threshold: float = ACTIVE_THRESHOLD) -> None:
        if interval < 1:
            raise IBGANError(f'interval must be at least 1, got {interval}')
        self.interval, self.active_threshold = interval, active_threshold
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict[str, Tensor] | None = None) -> None:
        """Add this iteration's values; every ``interval`` iterations write their means. Tensors are read only then."""
        values = {key: value for key, value in (outputs or {}).items() if key in ('mi_lower_bound', 'mi_upper_bound')}
        kl = runner.message_hub.runtime_info.get(KL_PER_DIM)
        if kl is not None:
            values[KL_PER_DIM] = kl
        for key, value in values.items():
            self._sums[key] = self._sums[key] + value if key in self._sums else value.clone()
        self._count += 1
        if self.every_n_train_iters(runner, self.interval):
            self._write(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Keep the sums of an interval that is under way."""
        checkpoint['mi_bounds'] = dict(sums=self._sums, count=self._count)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Go on with the interval."""
        if is_resuming(runner) and 'mi_bounds' in checkpoint:
            self._sums, self._count = checkpoint['mi_bounds']['sums'], checkpoint['mi_bounds']['count']

    @torch.no_grad()
    def _write(self, runner: Runner) -> None:
        """Write the means and start afresh."""
        means = {key: value / self._count for key, value in self._sums.items()}
        scalars: dict[str, float] = dict(iter=runner.iter + 1)  # as in MMEngine's own lines: WandB knows no step
        if 'mi_lower_bound' in means:
            scalars['mi/lower_bound'] = float(means['mi_lower_bound'])
        if 'mi_upper_bound' in means:
            scalars['mi/upper_bound'] = float(means['mi_upper_bound'])
        if {'mi/lower_bound', 'mi/upper_bound'} <= scalars.keys():
            scalars['mi/gap'] = scalars['mi/upper_bound'] - scalars['mi/lower_bound']
        if KL_PER_DIM in means:
            scalars.update({f'kl/dim_{i:02d}': value for i, value in enumerate(means[KL_PER_DIM].tolist())})
            scalars['kl/active_dims'] = active_dims(self._kl_now(runner, means[KL_PER_DIM]).tolist(), self.active_threshold)
            runner.message_hub.update_info('active_dims', scalars['kl/active_dims'])
        model = unwrap(runner.model)
        scalars['instance_noise_std'] = model.instance_noise_std or 0.0 if isinstance(model, LatentModel) else 0.0
        runner.visualizer.add_scalars(scalars, step=runner.iter + 1)
        self._sums, self._count = {}, 0

    @staticmethod
    def _kl_now(runner: Runner, average: Tensor) -> Tensor:
        """The model's own estimate of the KL of each dimension; ``average`` where it has none."""
        model = unwrap(runner.model)
        if not isinstance(model, LatentModel):
            return average
        with evaluating(model):
            kl = model.kl_per_dim()
        return average if kl is None else kl
