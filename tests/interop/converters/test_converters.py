from collections import OrderedDict

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.config.check import check_config
from ibgan_plugin.interop.converters import from_ours, to_ours
from tests.conftest import model_cfg, trunk_cfg
from tests.interop.converters.stand_ins import NDF, NGF, R, StandIn, Z
from tools.model_converters import from_ours as from_tool
from tools.model_converters import to_ours as to_tool

FAMILIES = [(implementation, shared) for implementation in ('published', 'han_oqo') for shared in (False, True)]


def saved(implementation, stand_in, channels=1):
    """A checkpoint as the implementation's own training writes it."""
    optimizer = torch.optim.RMSprop(stand_in.D.parameters(), momentum=0.9)
    if implementation == 'published':
        states = dict(nc=channels, ngf=NGF, ndf=NDF, G=stand_in.G.state_dict(), DR=stand_in.D.state_dict())
        return dict(iter=7, fixed_r=torch.zeros(3, R), fixed_z=torch.zeros(3, Z), z_dim=Z, r_dim=R, win='window_1', mi_win=None,
                    stat_dict={500: [1.0, 2.0]}, accurate_stat_dict={}, model_states=states,
                    optim_states=dict(D_optim=optimizer.state_dict()))
    return dict(iters=7, G=stand_in.G.state_dict(), D=stand_in.D.state_dict(), opt_G=optimizer.state_dict(), opt_D={})


@pytest.mark.parametrize(('implementation', 'shared'), FAMILIES)
@pytest.mark.parametrize('old_file', [False, True])
def test_there_and_back(implementation, shared, old_file, tmp_path):
    channels = 3 if shared else 1
    theirs = StandIn(implementation, shared, channels)
    original = saved(implementation, theirs, channels)
    torch.save(original, tmp_path / 'theirs', _use_new_zipfile_serialization=not old_file)

    checkpoint, cfg = to_ours(tmp_path / 'theirs')
    check_config(Config(dict(model=cfg)))
    ours = MODELS.build(cfg).eval()
    ours.load_state_dict(checkpoint['state_dict'])
    z, r, imgs = torch.randn(5, Z), torch.randn(5, R), torch.rand(5, channels, 64, 64) * 2 - 1
    with torch.no_grad():
        outputs = (torch.cat(ours.posterior(z), 1), ours.generate(r=r), ours.reconstructor(ours._features(imgs)),
                   ours.discriminate(imgs))
    for output, expected in zip(outputs, theirs(z, r, imgs), strict=True):
        assert float((output - expected).abs().max()) <= 1e-6 * max(1, float(expected.abs().max()))

    torch.save(dict(state_dict=ours.state_dict(), meta=checkpoint['meta']), tmp_path / 'ours.pth')
    back = from_ours(tmp_path / 'ours.pth', implementation)
    assert back.items() >= {key: original[key] for key in ('iter', 'z_dim', 'r_dim', 'iters') if key in original}.items()
    states = (back, original) if implementation == 'han_oqo' else (back['model_states'], original['model_states'])
    for name in ('G', 'D' if implementation == 'han_oqo' else 'DR'):
        new, old = (state[name] for state in states)
        assert new.keys() == old.keys()
        assert all(torch.equal(new[key], value) for key, value in old.items())
    if implementation == 'published':
        assert {key: back['model_states'][key] for key in ('nc', 'ngf', 'ndf')} == dict(nc=channels, ngf=NGF, ndf=NDF)


def test_other_slope_stands_in_the_config_and_is_not_forgotten(tmp_path):
    torch.save(saved('han_oqo', StandIn('han_oqo', False)), tmp_path / 'theirs')
    checkpoint, cfg = to_ours(tmp_path / 'theirs')
    assert cfg['reconstructor']['pointwise_slope'] == 16 * NDF
    torch.save(dict(state_dict=checkpoint['state_dict']), tmp_path / 'trained_with_ours.pth')
    with pytest.raises(ValueError, match=r'trained_with_ours\.pth: han_oqo has a slope of 32 in its separate reconstructor'):
        from_ours(tmp_path / 'trained_with_ours.pth', 'han_oqo')
    from_ours(tmp_path / 'trained_with_ours.pth', 'published')


class Code:
    """What a checkpoint must not hold."""


def broken(**changes):
    states = saved('published', StandIn('published', False))
    for key, value in changes.items():
        states['model_states']['DR'][key.replace('__', '.')] = value
    return states


def without(key):
    states = saved('published', StandIn('published', False))
    states['model_states']['DR'] = OrderedDict(item for item in states['model_states']['DR'].items() if not item[0].startswith(key))
    return states


@pytest.mark.parametrize(('content', 'message'), [
    (lambda: dict(weights=1, G=2), r"is of no known layout, published or han_oqo: its keys are \['G', 'weights'\]"),
    (lambda: [1, 2], 'its keys are list|holds a list, expected a dict'),
    (lambda: dict(G=1, D=2), "has the layout 'han_oqo', but not its networks"),
    (lambda: broken(extra__0__weight=torch.zeros(1)), "not its networks: the weight 'DR.extra.0.weight' has no counterpart"),
    (lambda: without('disc.'), "not its networks: the checkpoint lacks the weights of discriminator.stem"),
    (lambda: without('disc.14.'), "it lacks 'discriminator.head.6.bias' and 1 more"),
    (lambda: without('disc.3.running_var'), "does not fit the config: it lacks 'discriminator.stem.3.running_var'"),
    (lambda: broken(disc__3__running_var=torch.zeros(3)), r"'discriminator.stem.3.running_var' has shape \(3,\) in it, but \(4,\)"),
    (lambda: dict(model_states=Code()), 'holds .*Code, which are not loaded'),
])
@pytest.mark.parametrize('old_file', [False, True])
def test_mistakes(content, message, old_file, tmp_path):
    torch.save(content(), tmp_path / 'theirs', _use_new_zipfile_serialization=not old_file)
    with pytest.raises(ValueError, match=message):
        to_ours(tmp_path / 'theirs')


def test_no_file_or_no_checkpoint(tmp_path):
    with pytest.raises(ValueError, match='no checkpoint file'):
        to_ours(tmp_path / 'none')
    (tmp_path / 'text').write_text('not a checkpoint')
    with pytest.raises(ValueError, match=r'checkpoint .+/text '):
        to_ours(tmp_path / 'text')


@pytest.mark.parametrize(('cfg', 'message'), [
    (model_cfg(), 'model.generator.image_size = 16, but the published networks have 64'),
    (model_cfg(encoder=None, kl_loss=None, reconstructor=None, info_loss=None), 'lacks the weights of encoder.net'),
])
def test_other_networks_are_not_written(cfg, message, tmp_path):
    torch.save(dict(state_dict=MODELS.build(cfg).state_dict()), tmp_path / 'ours.pth')
    with pytest.raises(ValueError, match=message):
        from_ours(tmp_path / 'ours.pth', 'published')
    with pytest.raises(ValueError, match=r"layout must be one of \('published', 'han_oqo'\), got 'other'"):
        from_ours(tmp_path / 'ours.pth', 'other')


@pytest.mark.parametrize(('part', 'changes', 'message'), [
    ('discriminator', dict(conv_multipliers=(4, )), r'model.discriminator.conv_multipliers = \(4,\), but .* have \(4, 4\)'),
    ('encoder', dict(hidden_dims=(8, )), r'model.encoder.hidden_dims, norm = \(\(8,\), True\), but'),
    ('discriminator', dict(norm=False), 'does not fit the config: it lacks'),
])
def test_other_layers_are_not_written(part, changes, message, tmp_path):
    cfg = trunk_cfg(encoder=dict(type='ibgan_plugin.Encoder', z_dim=6, r_dim=4, hidden_dims=(64, 64, 32), norm=True))
    for name in ('discriminator', 'reconstructor'):
        cfg[name].update(conv_multipliers=(4, 4))
    cfg['reconstructor'].update(pointwise_multipliers=())
    for name in ('generator', 'trunk', 'discriminator', 'reconstructor'):
        cfg[name].update(image_size=64, base_channels=2)
    cfg[part].update(changes)
    torch.save(dict(state_dict=MODELS.build(cfg).state_dict()), tmp_path / 'ours.pth')
    with pytest.raises(ValueError, match=message):
        from_ours(tmp_path / 'ours.pth', 'published')


def test_tools(tmp_path, monkeypatch, capsys):
    original = saved('published', StandIn('published', False))
    torch.save(original, tmp_path / '150000', _use_new_zipfile_serialization=False)
    monkeypatch.chdir(tmp_path)

    def call(tool, *arguments):
        assert tool.main(arguments) == 0
        return capsys.readouterr().out

    assert call(to_tool, '150000', 'out/ibgan.pth') == 'out/ibgan.pth (from published), config out/ibgan.py\n'
    assert IBGANInferencer('out/ibgan.py', 'out/ibgan.pth').sample(2).shape == (2, 64, 64, 3)
    assert to_tool.main(['out/ibgan.pth', 'again.pth']) == 2
    assert 'has a state_dict, as our own have: there is nothing to convert' in capsys.readouterr().err
    assert call(from_tool, 'out/ibgan.pth', 'back') == 'back\n'
    assert torch.load('back', weights_only=True)['model_states'].keys() == original['model_states'].keys()
    assert to_tool.main(['150000', 'ibgan.pt']) == 2
    assert capsys.readouterr().err == "error: the output file must end in .pth, got 'ibgan.pt'\n"
