import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import INFERENCERS, MODELS

from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.models.base import LatentModel
from tests.conftest import SIZE, batch, model_cfg, trunk_cfg
from tests.models.configs import categorical_cfg

COLOR = model_cfg(encoder=None, kl_loss=None, reconstructor=None, info_loss=None)
COLOR['generator']['out_channels'] = COLOR['discriminator']['in_channels'] = 3


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    torch.manual_seed(0)
    model = MODELS.build(model_cfg())
    for module in model.modules():  # statistics of their own, so that a forgotten eval() shows
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_()
    path = tmp_path_factory.mktemp('weights') / 'iter_1.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict(iter=1)), path)
    return path


@pytest.fixture
def inferencer(weights):
    return IBGANInferencer(dict(model=model_cfg()), weights, device='cpu')


@pytest.fixture
def images():
    return batch(3)['inputs'].permute(0, 2, 3, 1).numpy()  # N x S x S x 1


def test_is_registered_and_leaves_the_config_alone(weights):
    cfg = model_cfg()
    inferencer = INFERENCERS.build(dict(type='ibgan_plugin.IBGANInferencer', model=dict(model=cfg), weights=str(weights)))
    assert type(inferencer) is IBGANInferencer and not inferencer.model.training
    assert cfg == model_cfg()


def test_sample_depends_on_the_seed_alone(inferencer):
    first = inferencer.sample(5, seed=3)
    assert first.shape == (5, SIZE, SIZE, 3) and first.dtype == np.uint8 and first.flags.writeable
    state = torch.get_rng_state()
    assert np.array_equal(first, inferencer.sample(5, seed=3))
    assert torch.equal(state, torch.get_rng_state())
    assert not np.array_equal(first, inferencer.sample(5, seed=4))
    with pytest.raises(ValueError, match='num must be at least 1, got 0'):
        inferencer.sample(0)


def test_encode_is_the_models_representation_of_files_folders_and_arrays(inferencer, images, tmp_path):
    expected = inferencer.model.encode(torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1)
    codes = inferencer.encode(list(images), batch_size=2)
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes, expected.detach().numpy(), atol=1e-6)
    for number, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f'{number}.png'), image)
    for same in (images, sorted(tmp_path.iterdir()), str(tmp_path), tmp_path):
        np.testing.assert_allclose(inferencer.encode(same), codes, atol=1e-6)
    np.testing.assert_allclose(inferencer.encode(tmp_path / '1.png'), codes[1:2], atol=1e-6)


def test_tensors_and_samples_are_encoded_as_their_pixels(inferencer, images):
    expected = inferencer.encode(images)
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2)
    for same in (tensors, list(tensors), [dict(inputs=tensor, data_samples={}) for tensor in tensors], dict(inputs=tensors)):
        assert np.array_equal(inferencer.encode(same), expected)
    assert np.array_equal(inferencer.encode(tensors[1]), inferencer.encode(images[1]))
    assert np.array_equal(inferencer.interpolate(tensors[0], dict(inputs=tensors[1])), inferencer.interpolate(*images[:2]))
    with pytest.raises(ValueError, match=r'an image must be uint8 1 x H x W, got torch.float32 of shape \(1, 16, 16\)'):
        inferencer.encode(tensors[0].float())
    with pytest.raises(ValueError, match=r'an image must be uint8 1 x H x W, got torch.uint8 of shape \(16, 16, 1\)'):
        inferencer.encode(tensors[0].permute(1, 2, 0))


def test_decode_takes_one_representation_or_several(inferencer):
    r = torch.randn(3, 4)
    imgs = inferencer.decode(r)
    assert imgs.shape == (3, SIZE, SIZE, 3) and imgs.dtype == np.uint8
    assert np.array_equal(inferencer.decode(r.numpy()), imgs)
    assert np.abs(inferencer.decode(r[1]).astype(int) - imgs[1:2]).max() <= 1
    for wrong in (torch.zeros(2, 3), torch.zeros(2, 4).long(), torch.zeros(())):
        with pytest.raises(ValueError, match='r must be floating point N x 4, got torch'):
            inferencer.decode(wrong)
    with pytest.raises(ValueError, match='r must be finite'):
        inferencer.decode(torch.full((1, 4), float('nan')))


def test_repr_says_what_is_loaded(inferencer, weights):
    assert repr(inferencer) == f"IBGANInferencer(IBGAN of '{weights}': r of 4 dimensions, images 1 x 16 x 16, on cpu)"


def test_calling_encodes_and_shows_what_the_generator_makes_of_it(inferencer, images):
    results = inferencer(list(images))
    codes = torch.from_numpy(np.stack(results['predictions']))
    decoded = ((inferencer.model.generate(r=codes)[:, 0] + 1) * 127.5).round().byte()
    assert np.array_equal(np.stack(results['visualization'])[..., 0], decoded.numpy())
    samples = inferencer(list(images), return_datasamples=True)['predictions']
    assert torch.allclose(samples[2].codes, codes[2])


def test_batches_hold_an_image_at_least(inferencer, images):
    for call in (inferencer, inferencer.encode):
        with pytest.raises(ValueError, match='batch_size must be at least 1, got 0'):
            call(list(images), batch_size=0)


def test_traversal_starts_at_an_image(inferencer, images):
    traversal = inferencer.traverse(steps=3, limit=1.5, base=images[0])
    assert traversal.imgs.shape == (4, 3, SIZE, SIZE, 3) and traversal.imgs.dtype == np.uint8
    assert sorted(traversal.dims) == [0, 1, 2, 3] and traversal.kl == sorted(traversal.kl, reverse=True)
    r = inferencer.encode(images[0])[0]
    r[traversal.dims[1]] = -1.5
    assert np.array_equal(traversal.imgs[1, 0], inferencer.interpolate(r, r, 2)[0])


def test_traversal_stays_within_the_prior(tmp_path):
    torch.save(MODELS.build(categorical_cfg()).state_dict(), tmp_path / 'classes.pth')
    inferencer = IBGANInferencer(dict(model=categorical_cfg()), tmp_path / 'classes.pth', device='cpu')
    traversal = inferencer.traverse(steps=3)
    assert traversal.ranges == [(0, 1)] * 3 + [(-1, 1)] * 2 + [(-2, 2)] * 2
    r = np.float32([0, 0, 1, 0, 0, 0, 0])
    assert np.array_equal(traversal.imgs[2, 2], inferencer.decode(r)[0])
    assert np.array_equal(traversal.center, inferencer.decode(np.float32([1, 0, 0, 0, 0, 0, 0]))[0])


def test_interpolation_is_straight_in_r(inferencer, images):
    first, second = inferencer.encode(images[:2])
    between = inferencer.interpolate(images[0], images[1], steps=5)
    assert between.shape == (5, SIZE, SIZE, 3)
    halfway = (first + second) / 2
    for place, r in ((0, first), (2, halfway), (4, second)):
        assert np.abs(between[place].astype(int) - inferencer.interpolate(r, r, 2)[0]).max() <= 1
    with pytest.raises(ValueError, match='steps must be at least 2, got 1'):
        inferencer.interpolate(first, second, 1)


def test_swap_exchanges_the_named_dimensions(inferencer):
    first, second = np.zeros(4, np.float32), np.arange(1, 5, dtype=np.float32)
    imgs = inferencer.swap(first, second, [1, 3])
    assert imgs.shape == (2, 2, SIZE, SIZE, 3)
    rows = [[first, second], [np.float32([0, 2, 0, 4]), np.float32([1, 0, 3, 0])]]
    for row, expected in zip(imgs, rows, strict=True):
        for img, r in zip(row, expected, strict=True):
            assert np.abs(img.astype(int) - inferencer.interpolate(r, r, 2)[0]).max() <= 1
    assert np.array_equal(inferencer.swap(first, second, np.array([1, 3])), imgs)
    for wrong in ([], [4], [-1], [0.5], 3, np.array([4]), np.array([])):
        with pytest.raises(ValueError, match=r'^dims must name dimensions of r, 0 to 3, got .+$'):
            inferencer.swap(first, second, wrong)


def test_crop_brings_photographs_to_size(weights, images):
    photo = cv2.resize(images[0], (40, 32))
    with pytest.raises(ValueError, match="the image has 40x32 pixels, but the model takes 16x16: set crop"):
        IBGANInferencer(dict(model=model_cfg()), weights).encode(photo)
    inferencer = IBGANInferencer(dict(model=model_cfg()), weights, crop='square')
    same = cv2.resize(photo[:, 4:36], (16, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(inferencer.encode(photo), inferencer.encode(same), atol=1e-6)


def test_model_without_encoder_in_colour(tmp_path):
    torch.save(MODELS.build(COLOR).state_dict(), tmp_path / 'bare.pth')
    inferencer = IBGANInferencer(dict(model=COLOR), tmp_path / 'bare.pth')
    assert len(np.unique(inferencer.sample(2) - inferencer.sample(2)[..., :1])) > 1
    assert inferencer.traverse(2).kl is None
    with pytest.raises(ValueError, match='no reconstructor, so it can not encode'):
        inferencer.encode(np.zeros((SIZE, SIZE, 3), np.uint8))


def bad(**changes):
    return dict(model=dict(model=model_cfg()), **changes)


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(model='no/such.py'), "no config file 'no/such.py'"),
    (dict(model=dict(data=1)), 'config: the key model is missing'),
    (dict(model=dict(model=dict(type='ibgan_plugin.Generator'))), 'model.type must be a LatentModel such as IBGAN, got Generator'),
    (dict(model=dict(model=model_cfg(decoder=1))), 'unknown key model.decoder = 1'),
    (dict(model=dict(model=trunk_cfg())), r"iter_1\.pth does not fit the config: it lacks 'trunk\.layers\.0\.bias' and \d+ more"),
    (dict(model=dict(model=COLOR)), "it has, beyond the model, 'encoder.net.0.bias'"),
    (dict(weights='no/such.pth'), "no checkpoint file 'no/such.pth'"),
    (dict(weights=__file__), 'is truncated or no checkpoint'),
    (dict(crop='foo'), "crop must be 'none', 'square', 'WxH', .* got 'foo'"),
])
def test_mistakes_are_one_clear_message(weights, changes, message):
    with pytest.raises(ValueError, match=message):
        IBGANInferencer(**{'model': dict(model=model_cfg()), 'weights': weights, **changes})


@pytest.mark.parametrize(('image', 'message'), [
    (np.zeros((SIZE, SIZE), np.float64), r'an image must be uint8 H x W x 1, got float64 of shape \(16, 16\)'),
    (np.zeros((SIZE, SIZE, 3), np.uint8), r'an image must be uint8 H x W x 1, got uint8 of shape \(16, 16, 3\)'),
    (np.zeros((SIZE, 8), np.uint8), 'the image has 8x16 pixels, but the model takes 16x16'),
    (__file__, r'test_inferencer\.py: not a readable image'),
    ([], r"no image in '\[\]'"),
])
def test_bad_images_are_named(inferencer, image, message):
    with pytest.raises(ValueError, match=message):
        inferencer.encode([image] if isinstance(image, np.ndarray) else image)


def test_wrong_representation(inferencer):
    with pytest.raises(ValueError, match=r'a representation must have shape \(4,\), got \(3,\)'):
        inferencer.interpolate(torch.zeros(3), torch.zeros(4))
    good = torch.zeros(4)
    for bad_one in (torch.full((4, ), torch.nan), np.full(4, 1e300)):
        for call in (inferencer.decode, lambda r: inferencer.interpolate(good, r), lambda r: inferencer.swap(r, good, [1]),
                     lambda r: inferencer.traverse(base=r)):
            with pytest.raises(ValueError, match=r'^r must be finite in float32, but holds NaN or infinity$'):
                call(bad_one)


class Drawing(LatentModel):
    """Makes images of one shape and names another."""
    r_dim = 2

    def __init__(self, named, drawn):
        super().__init__()
        self.image_shape, self.drawn = named, drawn
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def encode(self, imgs):
        return imgs.flatten(1)[:, :2]

    def decode(self, r):
        return r.new_zeros(len(r), *self.drawn)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return inputs


@pytest.mark.parametrize(('named', 'drawn', 'message'), [
    ((1, 32, 32), (1, 16, 16), r'Drawing.image_shape is \(1, 32, 32\) \(channels, height, width\), but decode gives \(1, 16, 16\)'),
    ((1, 32, 32), (3, 32, 32), r'but decode gives \(3, 32, 32\)'),
    ((1, 32, 64), (1, 32, 64), r'Drawing makes images of \(1, 32, 64\) .* only squares are shown'),
])
def test_images_are_squares_of_the_shape_that_the_model_names(tmp_path, named, drawn, message):
    MODELS.register_module(name='Drawing', force=True, module=Drawing)
    torch.save(dict(state_dict=dict(weight=torch.zeros(1))), tmp_path / 'none.pth')
    with pytest.raises(ValueError, match=message):
        IBGANInferencer(dict(model=dict(type='Drawing', named=named, drawn=drawn)), tmp_path / 'none.pth', device='cpu')


def test_its_name_is_that_of_config_and_checkpoint(weights, tmp_path):
    (tmp_path / 'small.py').write_text(f'model = {model_cfg()!r}\n')
    assert IBGANInferencer(tmp_path / 'small.py', weights, device='cpu').name == 'small, iter_1'
    assert IBGANInferencer(dict(model=model_cfg()), weights, device='cpu').name == 'iter_1'
