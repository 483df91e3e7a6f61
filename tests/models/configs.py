"""Small models beside IB-GAN, and their optimisers."""
import copy

from mmengine.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS

from tests.conftest import SIZE, model_cfg


def vae_cfg(channels: int = 1, **changes) -> dict:
    """A VAE of 16x16 images; top-level keys are replaced by ``changes``."""
    cfg = dict(
        type='ibgan_plugin.VAE',
        encoder=dict(type='ibgan_plugin.ImageEncoder', r_dim=4, in_channels=channels, image_size=SIZE),
        decoder=dict(type='ibgan_plugin.ImageDecoder', r_dim=4, out_channels=channels, image_size=SIZE),
        data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5]))
    cfg.update(changes)
    return copy.deepcopy(cfg)


def factor_vae_cfg(**changes) -> dict:
    """The same as a FactorVAE with a small critic."""
    critic = dict(type='ibgan_plugin.LatentCritic', r_dim=4, hidden_dims=(32, 32))
    loss = dict(type='ibgan_plugin.DensityRatioLoss', gamma=6.0)
    return vae_cfg(**{'type': 'ibgan_plugin.FactorVAE', 'critic': critic, 'density_ratio_loss': loss, **changes})


def build(cfg: dict, lr: float = 1e-3, **group):
    """Model in training mode and its optimiser wrappers."""
    model = MODELS.build(cfg)
    model.init_weights()
    side = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=lr), **group)
    groups = {key: copy.deepcopy(side) for key in model.optim_groups()}
    constructor = dict(type='ibgan_plugin.GroupedOptimWrapperConstructor', optim_wrapper_cfg=groups)
    return model.train(), OPTIM_WRAPPER_CONSTRUCTORS.build(constructor)(model)


def cr_cfg(weight: float = 1.0, **changes) -> dict:
    """A small InfoGAN-CR of 16x16 images with three codes and two numbers of noise; top-level keys are replaced by ``changes``."""
    cfg = dict(
        type='ibgan_plugin.InfoGANCR',
        generator=dict(type='ibgan_plugin.InfoGANGenerator', r_dim=5, image_size=SIZE),
        trunk=dict(type='ibgan_plugin.SpectralTrunk', base_channels=4, num_features=16, image_size=SIZE),
        trunk_owner='both',
        discriminator=dict(type='ibgan_plugin.SpectralDiscriminator', num_features=16),
        reconstructor=dict(type='ibgan_plugin.SpectralReconstructor', z_dim=3, num_features=16, hidden_dim=8),
        contrastive=dict(type='ibgan_plugin.ContrastiveNetwork', num_codes=3, base_channels=4, num_features=16, image_size=SIZE),
        contrastive_loss=dict(type='ibgan_plugin.ContrastiveLoss', weight=weight),
        info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=0.05),
        prior=dict(type='ibgan_plugin.ProductPrior', parts=[
            dict(type='ibgan_plugin.UniformPrior', dim=3), dict(type='ibgan_plugin.UniformPrior', dim=2, coded=False)]),
        data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5]))
    cfg.update(changes)
    return copy.deepcopy(cfg)


def categorical_cfg() -> dict:
    """A small textbook InfoGAN of 16x16 images: a class of three, two uniform codes and two numbers of normal noise."""
    parts = [dict(type='ibgan_plugin.CategoricalPrior', dim=3), dict(type='ibgan_plugin.UniformPrior', dim=2),
             dict(type='ibgan_plugin.NormalPrior', dim=2, coded=False)]
    cfg = model_cfg(encoder=None, kl_loss=None, prior=dict(type='ibgan_plugin.ProductPrior', parts=parts))
    cfg['generator'].update(r_dim=7)
    cfg['reconstructor'].update(z_dim=5)
    return cfg
