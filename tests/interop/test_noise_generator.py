"""IB-GAN's encoder and generator as another zoo's generator, which needs no mmagic."""
import torch

from ibgan_plugin.interop.mmagic import NoiseGenerator


def test_noise_generator_is_encoder_and_generator_in_one():
    small = dict(type='ibgan_plugin.Generator', r_dim=3, base_channels=4, image_size=16)
    plain = NoiseGenerator(small).eval()
    noise = torch.randn(2, 3)
    torch.testing.assert_close(plain(noise, return_noise=False), plain.generator(noise))
    both = plain(lambda size: torch.ones(*size), num_batches=5, return_noise=True)
    assert torch.equal(both['noise_batch'], torch.ones(5, 3))
    torch.testing.assert_close(both['fake_img'], plain.generator(torch.ones(5, 3)))
    assert not torch.equal(plain(num_batches=2), plain(num_batches=2))

    whole = NoiseGenerator(small, encoder=dict(type='ibgan_plugin.Encoder', z_dim=7, r_dim=3)).eval()
    assert (plain.noise_size, whole.noise_size) == (3, 7)
    torch.manual_seed(0)
    imgs = whole(noise=torch.ones(2, 7))
    torch.manual_seed(0)
    mu, logvar = whole.encoder(torch.ones(2, 7))
    torch.testing.assert_close(imgs, whole.generator(mu + (logvar / 2).exp() * torch.randn(2, 3)))
