"""The report of two short runs, as the tool writes it."""
import json
import re

import numpy as np
import pytest
import torch

from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.report.content import RunContent, _origins, _scores, ranking
from ibgan_plugin.report.page import build, score_table
from tests.apis.runs_on_disk import scalars, write_session
from tests.conftest import model_cfg
from tests.explorer.browser import browser_context, need_browser, serious
from tests.explorer.conftest import small_model
from tools import report


@pytest.fixture(scope='module')
def runs(tmp_path_factory, dsprites_root):
    """Two seeds of a small model beside dSprites, tested; names that a careless template would let out of their place."""
    root = tmp_path_factory.mktemp('runs')
    for seed in (0, 1):
        run = root / f'seed{seed} <img src=x>'
        config = (f"default_scope = 'ibgan_plugin'\nmodel = {model_cfg()!r}\nrandomness = dict(seed={seed})\n"
                  f"note = '</script><script>alert(1)</script>'\n"
                  f"test_dataloader = dict(dataset=dict(type='ibgan_plugin.DSprites', data_root={str(dsprites_root)!r}))\n")
        write_session(run, '20260101_000000', scalars(50, 300, **{'a<b>/score': 0.1}), config)
        (run / 'ibgan_dsprites.py').write_text(config)
        torch.save(dict(state_dict=small_model(seed).state_dict()), run / 'iter_300.pth')
        value = dict(protocol='infogan_cr', mean=0.5 + seed / 10, std=None, num_seeds=1)
        (run / 'scores.json').write_text(json.dumps({'factor_vae': {'eval_accuracy': value}}))
        np.savez(run / 'information.npz', importance=np.eye(4, 5), factor_names=np.array(['shape', 'scale', 'o', 'x', 'y']))
    return sorted(root.iterdir())


@pytest.fixture(scope='module')
def page(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'deep/report.html'
    assert report.main([*map(str, runs), '--out', str(out)]) == 0
    return out


def test_it_is_one_small_file_that_asks_for_nothing(page):
    assert [file.name for file in page.parent.iterdir()] == ['report.html']
    assert page.stat().st_size < 5e6
    text = page.read_text()
    assert {address for address in re.findall(r'(?:src|href|action)="([^"]{5})', text) if address[0] != '#'} == {'data:'}
    assert '<script' not in text


def test_it_holds_configuration_scores_pictures_and_ranking(page):
    text = page.read_text()
    assert '<code>model.generator.base_channels</code></th><td><code>4</code></td><td><code>16</code>' in text
    assert '>IB-GAN</th><td>in-sample votes, as infogan_cr</td><td></td><td></td><td class="number">0.80 &plusmn; 0.07<' in text
    assert 'Lin et al., InfoGAN-CR, 2020, table 1' in text
    assert 'ibgan_dsprites: 0.550 &plusmn; 0.050 (2)' in text
    assert text.count('<img src="data:image/png') == 8  # traversal, samples, real and reconstructed images of each
    assert text.count('Mutual information of codes and factors, nats') == 2
    assert text.count('Importance of codes in DCI') == 2
    assert 'Ranking without labels' in text
    assert 'PyTorch</th><td>2.13.0' in text


def test_names_and_values_stay_text(page):
    text = page.read_text()
    assert '<img src=x>' not in text
    assert 'alert(1)</script>' not in text
    assert 'seed0 &lt;img src=x&gt;' in text


def test_it_opens_without_a_network_in_a_browser(page):
    need_browser()
    with browser_context(offline=True) as context:
        tab = context.new_page()
        complaints, asked = [], []
        tab.on('console', lambda message: complaints.append(message.text))
        tab.on('request', lambda request: asked.append(request.url))
        for width in (360, 1440):
            tab.set_viewport_size(dict(width=width, height=900))
            tab.goto(page.as_uri())
            assert tab.evaluate('document.documentElement.scrollWidth') <= width
            assert tab.evaluate('[...document.images].every(image => image.complete && image.naturalWidth > 0)')
        assert serious(tab) == []
        assert complaints == []
        assert {url.split(':')[0] for url in asked} <= {'file', 'data'}


def test_a_run_without_data_or_checkpoint_says_so(tmp_path):
    write_session(tmp_path / 'run', '20260101_000000', scalars(50, 100))
    text = build([RunDir(tmp_path / 'run')])
    assert 'no checkpoint: pictures are those that the training left' in text
    assert 'no data set: the config has none of test_dataloader' in text
    assert 'no scores yet' in text


@pytest.mark.parametrize(('checkpoint', 'iteration', 'note'), [
    ('iter_20.pth', 20, 'scores are of iter_20.pth, iteration 20, not of the newest, iter_40.pth: tools/test.py gives those'),
    ('iter_40.pth', 40, 'scores are of iter_40.pth, iteration 40'),
    (None, 40, 'scores are of iteration 40'),
    ('other.safetensors', None, 'scores are of other.safetensors, not of the newest, iter_40.pth: tools/test.py gives those'),
    (None, None, 'scores.json does not say of which checkpoint its scores are'),
])
def test_scores_are_of_a_checkpoint(tmp_path, checkpoint, iteration, note):
    for number in (20, 40):
        (tmp_path / f'iter_{number}.pth').touch()
    assert _origins([dict(checkpoint=checkpoint, iteration=iteration)], RunDir(tmp_path)) == [note]


def test_a_validation_may_be_older_than_the_training(tmp_path):
    write_session(tmp_path, '20260101_000000', [{'mig/gap': 0.5, 'step': 20}, *scalars(30, 40, 10)])
    run = RunDir(tmp_path)
    assert _origins(_scores(run), run) == ['scores are of iteration 20, not of the newest, iteration 40: tools/test.py gives those']


def content(name: str, **changes) -> RunContent:
    return RunContent(name, 'config', 0, 1, None, '', {}, **changes)


def test_scores_of_different_protocols_keep_rows_of_their_own():
    rows = [dict(metric='mig', score='discrete_mig', protocol=protocol, mean=0.1, std=0.0) for protocol in ('study', 'quick')]
    table = score_table([content('a', scores=rows[:1]), content('b', scores=rows)])
    assert [(row['protocol'], [value is not None for value in row['values']]) for row in table] == [
        ('quick', [False, True]), ('study', [True, True])]
    assert [len(row['groups']) for row in table] == [0, 1]


def test_means_are_over_runs_that_differ_in_nothing_but_the_seed():
    runs = [content(name, setting=name[0], scores=[dict(metric='mig', score='discrete_mig', mean=mean, std=None)])
            for name, mean in (('a/seed0', 0.1), ('a/seed1', 0.3), ('b/seed0', 0.9))]
    row, = score_table(runs)
    assert [(group['name'], group['num'], round(group['mean'], 6)) for group in row['groups']] == [('a', 2, 0.2)]


def test_ranking_needs_codes_of_the_same_images():
    codes = np.random.default_rng(0).standard_normal((200, 3))
    assert ranking([content('a', codes=codes)]) is None
    assert ranking([content('a', codes=codes), content('b')]) is None
    assert ranking([content('a', codes=codes, data_name='x'), content('b', codes=codes, data_name='y')]) is None
    assert ranking([content('a', codes=codes), content('b', codes=codes)])['a']['udr_spearman'] > 0.9


@pytest.mark.parametrize('arguments, message', [
    (['{run}', '--out', 'report.txt'], 'must end in .html'),
    (['{run}', '{run}/.'], 'is named twice'),
    (['{run}', 'nowhere'], "no run directory 'nowhere'"),
])
def test_mistakes_end_in_one_line(runs, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert report.main([argument.format(run=runs[0]) for argument in arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
