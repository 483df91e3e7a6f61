"""What everything that looks at a trained model sees."""
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseModel, is_model_wrapper
from torch import Tensor, nn

from ibgan_plugin.models.axes import LatentAxis
from ibgan_plugin.structures import to_samples
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.seeds import generator_of

#: Message-hub key of the newest batch's mean KL per dimension of r (r_dim, nats): see :func:`publish_kl_per_dim`.
KL_PER_DIM = 'ibgan_kl_per_dim'
#: KL in nats above which a dimension of r is active, that is, says something about the image.
ACTIVE_THRESHOLD = 0.05


class Part(NamedTuple):
    """A network that can be written to a file, with the names of its ends. Images are N x C x S x S in [-1, 1]."""
    network: nn.Module
    inputs: Tensor  # an example, N = 2, where N is free
    input_name: str
    output_names: tuple[str, ...]


class Method(nn.Module):
    """A method of a model as a network of its own, to write it to a file."""

    def __init__(self, model: nn.Module, name: str) -> None:
        super().__init__()
        self.model, self.name = model, name

    def forward(self, inputs: Tensor) -> Tensor:
        """Call the method."""
        return getattr(self.model, self.name)(inputs)


class LatentModel(BaseModel):
    """A model with a representation r of images: what traversals, inferencer, export, hooks, metrics and pages ask for.

    A GAN, a VAE, or anybody's autoencoder that has these methods works in all of them. Images are N x C x S x S in [-1, 1].
    Where r is drawn from N(0, I), ``encode``, ``decode`` and the two attributes are all that a model must have.

    Attributes:
        r_dim: Width of the representation r.
        image_shape: Channels, height and width of an image.
        sync_bn: Whether BatchNorm is to use the batches of all ranks together when the runner trains the model.
        instance_noise_std: Standard deviation of the noise that training adds to real and generated images, as
            :class:`~ibgan_plugin.engine.hooks.InstanceNoiseHook` sets it; None where a model adds none.
        same_every_step: Whether ``train_step`` does the same operations in each iteration, and so may become a CUDA graph.
    """
    sync_bn = False
    same_every_step = True
    instance_noise_std: float | None = None
    r_dim: int
    image_shape: tuple[int, int, int]

    def __init__(self, data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        # MMSeparateDistributedDataParallel wraps the submodules; without this its checkpoints would fit no other run.
        self._register_state_dict_hook(_drop_wrapper_names)

    @abstractmethod
    def encode(self, imgs: Tensor) -> Tensor:
        """The representation of clean images, N x r_dim; raises IBGANError where the model can not encode."""

    @abstractmethod
    def decode(self, r: Tensor) -> Tensor:
        """The images of representations N x r_dim, on any device, without noise."""

    @property
    def noise_dim(self) -> int:
        """Width of the standard normal noise of which :meth:`latents_of` makes one representation."""
        return self.r_dim

    @property
    def latent_axes(self) -> Sequence[LatentAxis]:
        """What each of the r_dim dimensions can be, where traversals and sliders go; by default its prior is N(0, 1)."""
        return [LatentAxis()] * self.r_dim

    def latents_of(self, noise: Tensor) -> Tensor:
        """Representations N x r_dim of noise N x noise_dim; by default r is the noise: its prior is N(0, I)."""
        return noise

    def sample_latents(self, num: int, noise: Tensor | None = None, seed: int | None = None) -> Tensor:
        """``num`` representations as the model draws them for new images, num x r_dim, on the model's device.

        Args:
            num: Number of representations.
            noise: Standard normal numbers num x noise_dim, which r is a function of; None draws them.
            seed: Draw from this seed and leave the global random state alone; None draws from the global state.

        Raises:
            IBGANError: If ``noise`` has another shape.
        """
        if noise is None:
            noise = standard_normal(num, self.noise_dim, seed)
        elif noise.shape != (num, self.noise_dim):
            raise IBGANError(f'noise must be {num} x {self.noise_dim} (num x noise_dim), got {tuple(noise.shape)}')
        return self.latents_of(noise.to(device_of(self)))

    def optim_groups(self) -> dict[str, list[str]]:
        """Names of the submodules that each optimiser trains, for the groups that are no submodule themselves."""
        return {}

    def real_images(self, data: dict, training: bool = True) -> Tensor:
        """The preprocessed images of a batch as a loader gives it, N x C x S x S in [-1, 1]."""
        return self.data_preprocessor(data, training)['inputs']

    def _dump_init_info(self) -> None:
        """Leaves out what MMEngine writes into the log of each parameter's first values."""

    def kl_per_dim(self, imgs: Tensor | None = None, num: int = 4096, seed: int = 0) -> Tensor | None:
        """Mean KL of each dimension of r to its prior, (r_dim,) in nats; None where the model has none.

        The one estimate behind every number of active dimensions: see :func:`active_dims`. Call it in eval mode.

        Args:
            imgs: Images whose representations are measured, for models whose posterior is that of images.
            num: Number of samples, for models that can draw what they measure.
            seed: Of these samples; the global random state is left alone.
        """
        return None

    def realness(self, imgs: Tensor) -> Tensor | None:
        """How real the model takes images for: a logit each, N x 1, higher for more real; None where it does not judge images.

        Call it in eval mode; the global random state is left alone.

        Args:
            imgs: Clean images, N x C x S x S.
        """
        return None

    def exportable_parts(self) -> dict[str, Part]:
        """The parts that can be written to files of their own, by name; ``generator`` takes ``r`` to ``image``."""
        device = device_of(self)
        r, imgs = torch.zeros(2, self.r_dim, device=device), torch.zeros(2, *self.image_shape, device=device)
        return dict(generator=Part(Method(self, 'decode'), r, 'r', ('image', )),
                    representation=Part(Method(self, 'encode'), imgs, 'image', ('r', )))

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = 'tensor') -> Any:
        """Encode images N x C x S x S, as MMEngine's loops call it.

        Args:
            inputs: The images.
            data_samples: Optionally ``dict(sample_idx=...)``, passed on to the predictions.
            mode: ``'tensor'`` gives representations N x r_dim, ``'predict'`` a list of
                :class:`~ibgan_plugin.structures.GenSample` with ``codes``.

        Raises:
            IBGANError: If ``mode`` is another.
        """
        if mode not in ('tensor', 'predict'):
            raise IBGANError(f"mode must be 'tensor' or 'predict', or 'loss' of a model that has losses, got {mode!r}")
        codes = self.encode(inputs)
        return codes if mode == 'tensor' else to_samples('codes', codes, data_samples)

    def _reduce(self, terms: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of the mean losses, and all means to log."""
        loss, log_vars = self.parse_losses(terms)
        return loss, {key: value.detach() for key, value in log_vars.items() if key != 'loss'}


def _drop_wrapper_names(model: nn.Module, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
    """State-dict hook: a distributed run's keys are those of any other run. MMEngine's loader takes them either way."""
    for name, child in model.named_children():
        if is_model_wrapper(child):
            wrapped = f'{prefix}{name}.module.'
            for key in [key for key in state_dict if key.startswith(wrapped)]:
                state_dict[f'{prefix}{name}.{key[len(wrapped):]}'] = state_dict.pop(key)


def device_of(model: nn.Module) -> torch.device:
    """Where the weights of a model are."""
    return next(model.parameters()).device


def standard_normal(num: int, width: int, seed: int | None = None) -> Tensor:
    """Standard normal numbers num x width on the CPU, of a seed or, for None, of the global random state."""
    return torch.randn(num, width, generator=generator_of(seed))


def publish_kl_per_dim(kl: Tensor) -> None:
    """Hand a training batch's mean KL per dimension of r, (r_dim,) in nats, to the hooks that log it: see ``KL_PER_DIM``."""
    MessageHub.get_current_instance().update_info(KL_PER_DIM, kl.detach(), resumed=False)


def is_active(kl: float, threshold: float = ACTIVE_THRESHOLD) -> bool:
    """Whether a dimension of r with this mean KL in nats says something about the image."""
    return kl > threshold


def active_dims(kl: Sequence[float], threshold: float = ACTIVE_THRESHOLD) -> int:
    """Number of active dimensions of r, of their mean KLs in nats: see :meth:`LatentModel.kl_per_dim`."""
    return sum(is_active(value, threshold) for value in kl)
