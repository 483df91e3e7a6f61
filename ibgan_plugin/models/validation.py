"""Checks that the components of a model fit each other and the images fit them: one message each."""
import warnings
from typing import Any

from torch import Tensor, nn

from ibgan_plugin.utils.errors import IBGANError

#: Which step trains a shared trunk; see :class:`~ibgan_plugin.models.ibgan.IBGAN`.
TRUNK_OWNERS = ('discriminator', 'generator', 'both')


def check_same(what: str, **values: int) -> None:
    """Raise IBGANError unless all values are equal; keys name the fields, with ``__`` for a dot."""
    if len(set(values.values())) > 1:
        fields = ', '.join(f'model.{key.replace("__", ".")} = {value}' for key, value in values.items())
        raise IBGANError(f'the components differ in {what}: {fields}')


def check_components(*, generator: nn.Module, discriminator: nn.Module, encoder: Any, reconstructor: Any, trunk: nn.Module | None,
                     prior: Any, trunk_owner: str, r_dim: int, z_dim: int) -> None:
    """Raise IBGANError where two components of a GAN do not fit, or an option has an impossible value.

    Components of other packages are checked as far as they carry the same attributes as ours.
    """
    if trunk_owner not in TRUNK_OWNERS:
        raise IBGANError(f'model.trunk_owner must be one of {", ".join(map(repr, TRUNK_OWNERS))}, got {trunk_owner!r}')
    if trunk_owner == 'both' and (trunk is None or reconstructor is None):
        raise IBGANError("model.trunk_owner = 'both' needs model.trunk and model.reconstructor")
    if encoder is not None:
        check_same('the width of r', encoder__r_dim=encoder.r_dim, generator__r_dim=r_dim)
    source = {'generator__r_dim' if encoder is None else 'encoder__z_dim': z_dim}
    check_same('the width of z', **source, prior__dim=prior.dim)
    if reconstructor is not None:
        coded = source if prior.coded_dim == prior.dim else {'prior__coded_dim': prior.coded_dim}
        check_same('the width of z', **coded, reconstructor__z_dim=reconstructor.z_dim)
    networks = dict(trunk=trunk, discriminator=discriminator, reconstructor=reconstructor)
    readers = {name: network for name, network in networks.items() if network is not None}
    _same_attribute('the width of the features', 'num_features', **readers)
    _same_attribute('the image size', 'image_size', generator=generator, **readers)
    channels: dict[str, Any] = {f'{name}__in_channels': reader.in_channels for name, reader in readers.items()
                                if hasattr(reader, 'in_channels')}
    if hasattr(generator, 'out_channels'):
        channels['generator__out_channels'] = generator.out_channels
    check_same('the number of channels', **channels)
    for name, reader in readers.items():
        if name != 'trunk' and hasattr(reader, 'shared_trunk') and reader.shared_trunk != (trunk is not None):
            raise IBGANError(f'model.{name}.shared_trunk is {reader.shared_trunk}, but model.trunk is '
                             f'{"missing" if trunk is None else "given"}')


def check_objective(*, encoder: nn.Module | None, reconstructor: nn.Module | None, info_loss: nn.Module | None,
                    kl_loss: nn.Module | None, discriminator_steps: int) -> None:
    """Raise IBGANError where a loss lacks its network; warn of ``beta > lambda``, which the method excludes."""
    if info_loss is not None and reconstructor is None:
        raise IBGANError('model.info_loss needs model.reconstructor, which is None')
    if kl_loss is not None and encoder is None:
        raise IBGANError('model.kl_loss needs model.encoder, which is None')
    if discriminator_steps < 1:
        raise IBGANError(f'model.discriminator_steps must be at least 1, got {discriminator_steps}')
    info_weight, beta = getattr(info_loss, 'info_weight', 0), getattr(kl_loss, 'beta', 0)
    if beta > info_weight:
        warnings.warn(f'model.kl_loss.beta = {beta} is above model.info_loss.info_weight = {info_weight}: IB-GAN has '
                      f'lambda >= beta, beyond it the representation tends to carry no information')


def _same_attribute(what: str, attribute: str, **modules: nn.Module) -> None:
    """:func:`check_same` over the modules that have ``attribute``."""
    check_same(what, **{f'{name}__{attribute}': getattr(m, attribute) for name, m in modules.items() if hasattr(m, attribute)})


def check_images(imgs: Tensor, image_shape: tuple[int, int, int]) -> None:
    """Raise IBGANError unless ``imgs`` is N x C x H x W of the model's images, floating point."""
    if not imgs.is_floating_point():
        raise IBGANError(f'the model takes floating-point images in [-1, 1], got {imgs.dtype}: model.data_preprocessor must make '
                         f"them, such as dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5])")
    if tuple(imgs.shape[1:]) != image_shape:
        raise IBGANError(f'the data set gives images of shape {tuple(imgs.shape[1:])} (channels, height, width), but the model '
                         f'takes {image_shape}: change the pipeline, or in_channels and image_size of the model')


def check_training_batch(imgs: Tensor, image_shape: tuple[int, int, int], model: nn.Module) -> None:
    """:func:`check_images`, and raise IBGANError for a batch of one image where ``model`` has BatchNorm, which it can not pass."""
    check_images(imgs, image_shape)
    if len(imgs) == 1 and any(isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) for module in model.modules()):
        raise IBGANError('a training batch of one image can not pass BatchNorm: train_dataloader.batch_size must be at least 2, '
                         'and a last batch of one must be left out (train_dataloader.drop_last = True)')
