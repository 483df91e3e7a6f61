"""BatchNorm over the batch of all ranks, on CPUs too."""
import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from ibgan_plugin.utils.errors import IBGANError


class SyncBatchNorm(_BatchNorm):
    """BatchNorm whose statistics in training are those of all ranks' samples together.

    ``torch.nn.SyncBatchNorm`` works on accelerators only. This one is the same function over any backend: sums are exchanged by
    a differentiable all-reduce. Parameters and buffers are those of ``nn.BatchNorm1d`` and ``nn.BatchNorm2d``. Without a process
    group, or in eval mode, it is the plain BatchNorm.

    Shape: N x C x ..., unchanged; every rank must have the same N.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise IBGANError(f'SyncBatchNorm takes N x C x ..., got {tuple(input.shape)}')

    def forward(self, input: Tensor) -> Tensor:
        """Normalise."""
        world_size = get_world_size()
        if not self.training or world_size == 1:
            return super().forward(input)
        self._check_input_dim(input)
        dims = (0, *range(2, input.ndim))
        # Two exchanges rather than one of sum and sum of squares: their difference loses digits where the mean is large.
        mean = all_reduce(input.mean(dims)) / world_size
        shape = (1, -1, *([1] * (input.ndim - 2)))
        centred = input - mean.view(shape)
        variance = all_reduce(centred.square().mean(dims)) / world_size
        if self.track_running_stats:
            self._update(mean.detach(), variance.detach(), input.numel() // input.shape[1] * world_size)
        normalised = centred * (variance + self.eps).rsqrt().view(shape)
        return normalised * self.weight.view(shape) + self.bias.view(shape) if self.affine else normalised

    @torch.no_grad()
    def _update(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics as ``nn.BatchNorm2d`` does: the variance unbiased."""
        assert self.num_batches_tracked is not None and self.running_mean is not None and self.running_var is not None
        self.num_batches_tracked += 1
        momentum = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * count / max(count - 1, 1), momentum)


def convert_sync_batchnorm(module: nn.Module, device_type: str = 'cpu') -> None:
    """Let every BatchNorm below ``module`` use the batches of all ranks, in place: parameters and buffers stay.

    Args:
        module: A network that is none itself.
        device_type: Where it will run: on ``'cuda'`` it gets ``nn.SyncBatchNorm``, anywhere else :class:`SyncBatchNorm`.
    """
    if device_type == 'cuda':
        nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return
    for child in module.modules():
        if type(child) in (nn.BatchNorm1d, nn.BatchNorm2d):
            child.__class__ = SyncBatchNorm


def revert_sync_batchnorm(module: nn.Module) -> None:
    """Let every ``nn.SyncBatchNorm`` at and below ``module`` work in a process of its own, on CPUs too, in place.

    As MMEngine's function of this name, which asks for ``mmcv`` by ``pkgutil.find_loader``: Python 3.14 has none.
    """
    for child in module.modules():
        if type(child) is nn.SyncBatchNorm:
            child.__class__ = SyncBatchNorm  # type: ignore[assignment]
