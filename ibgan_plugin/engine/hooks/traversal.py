"""Pictures during training."""
from pathlib import Path

import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.engine.runner import add_image_elsewhere
from ibgan_plugin.models.base import ACTIVE_THRESHOLD
from ibgan_plugin.models.freeze import evaluating, unwrap
from ibgan_plugin.registry import HOOKS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.run_names import SAMPLES, TRAVERSAL, picture_name
from ibgan_plugin.visualization import draw_traversal, image_grid, sample, traverse, write_png
from ibgan_plugin.visualization.traversal import check_range


@HOOKS.register_module()
class TraversalHook(Hook):
    """Writes ``traversal_<iteration>.png`` and ``samples_<iteration>.png`` to the work directory and the visualiser's backends.

    A row of the traversal varies one dimension of r; rows are ordered by KL, and inactive dimensions are marked. Pictures show
    the weights being trained, in eval mode, and use random numbers of their own, so they do not change the training.

    Args:
        interval: Iterations between two pictures, at least 1; the last iteration always gets one.
        steps: Images a row of the traversal.
        limit: The traversal goes from ``-limit`` to ``limit`` standard deviations of the prior, within its support.
        num_samples: Images in the sample grid, in rows of 8.
        active_threshold: KL in nats below which a dimension is marked inactive.

    Raises:
        IBGANError: If a number is out of range.
    """
    priority = 'LOW'

    def __init__(self, interval: int = 5000, steps: int = 11, limit: float = 2.0, num_samples: int = 64,
                 active_threshold: float = ACTIVE_THRESHOLD) -> None:
        if interval < 1:
            raise IBGANError(f'interval must be at least 1, got {interval}')
        check_range(steps, limit)
        if num_samples < 1:
            raise IBGANError(f'num_samples must be at least 1, got {num_samples}')
        self.interval, self.steps, self.limit = interval, steps, limit
        self.num_samples, self.active_threshold = num_samples, active_threshold

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None) -> None:
        """Draw at intervals and after the last iteration."""
        if self.every_n_train_iters(runner, self.interval) or runner.iter + 1 == runner.max_iters:
            self.draw(runner)

    @master_only
    def draw(self, runner: Runner) -> None:
        """Draw both pictures now."""
        model = unwrap(runner.model)
        with evaluating(model):
            traversal = draw_traversal(traverse(model, self.steps, self.limit), self.active_threshold,
                                       title=f'{runner.iter + 1} iterations')
            samples = image_grid(sample(model, self.num_samples), num_columns=8)
        self._write(runner, TRAVERSAL, traversal)
        self._write(runner, SAMPLES, samples)

    def _write(self, runner: Runner, name: str, image: np.ndarray) -> None:
        step = runner.iter + 1
        write_png(Path(runner.work_dir) / picture_name(name, step), image)
        add_image_elsewhere(runner.visualizer, name, image, step)
