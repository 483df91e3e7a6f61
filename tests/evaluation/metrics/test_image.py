import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ibgan_plugin.evaluation.image.density_coverage import density_coverage
from ibgan_plugin.evaluation.image.frechet import frechet_distance
from ibgan_plugin.evaluation.image.inception_score import inception_score
from ibgan_plugin.evaluation.image.kid import kid
from ibgan_plugin.evaluation.image.precision_recall import precision_recall
from ibgan_plugin.registry import METRICS
from ibgan_plugin.utils.cli import leave_process_group
from tests.evaluation.stand_ins import Tiny, pictures, save_tiny
from tests.reliability.processes import environments, wait
from tests.reliability.training import CONTEXT

REAL, FAKE = pictures(60, seed=1), pictures(50, seed=2, shift=40)
KID = dict(num_subsets=4, subset_size=10, estimator='unbiased', seed=0)
SCORES = dict(fd=dict(), kd=KID, classifier_score=dict(num_splits=2, seed=0), precision_recall=dict(num_neighbours=3),
              density_coverage=dict(num_neighbours=5))


class Data:
    """A data set as the metric sees it."""

    metainfo = {'dataset': 'blobs'}

    def __init__(self, imgs=REAL, fingerprint=None):
        self.imgs, self.fingerprint = imgs, fingerprint

    def __len__(self):
        return len(self.imgs)


def metric(path, scores=SCORES, **options):
    return METRICS.build(dict(type='ibgan_plugin.ImageMetric', extractor=dict(type='ibgan_plugin.TorchScriptExtractor', path=path),
                              scores=scores, **options))


def evaluate(metric, data=None, fake=FAKE):
    """What the loop does, and whether it had to show the real images."""
    data = data or Data()
    needed = metric.begin(data, len(fake))
    for imgs, process in ((data.imgs, metric.process_real if needed else None), (fake, metric.process_fake)):
        for index in np.array_split(np.arange(len(imgs)), 7):
            if process:
                process(imgs[index], index)
    return metric.evaluate(len(data)), needed


@pytest.fixture
def tiny(tmp_path):
    return save_tiny(tmp_path / 'tiny.pt', logits=True)


def test_scores_are_those_of_the_functions(tiny):
    scores, needed = evaluate(metric(tiny))
    assert needed
    with torch.inference_mode():
        (real, _), (fake, logits) = ([out.double().numpy() for out in Tiny(logits=True)(imgs.float())] for imgs in (REAL, FAKE))
    moments = [(features.mean(0), np.cov(features, rowvar=False)) for features in (real, fake)]
    expected = {'fd/fd': frechet_distance(*moments[0], *moments[1])}
    expected |= {f'kd/{key.replace("kid", "kd")}': value for key, value in kid(real, fake, **KID).items()}
    expected |= {f'classifier_score/{key.replace("inception", "classifier")}': value
                 for key, value in inception_score(logits, num_splits=2, seed=0).items()}
    for name, function in (('precision_recall', precision_recall), ('density_coverage', density_coverage)):
        expected |= {f'{name}/{key}': value for key, value in function(real, fake, **SCORES[name]).items()}
    assert scores == pytest.approx(expected, rel=1e-4)
    assert scores.keys() == expected.keys()


def test_inception_features_give_the_published_names(tiny):
    image_metric = metric(tiny)
    with pytest.raises(ValueError, match=r"'fid' stands for the features of InceptionV3Extractor; over .* ask for 'fd'"):
        metric(tiny, dict(fid=dict()))
    image_metric.extractor.is_inception = True
    published = type(image_metric)(image_metric.extractor, dict(fid=dict(), kid=KID, inception_score=dict(num_splits=2, seed=0)))
    scores, _ = evaluate(published)
    assert set(scores) == {'fid/fid', 'kid/kid', 'kid/kid_std', 'inception_score/inception_score',
                           'inception_score/inception_score_std'}
    assert scores['fid/fid'] == evaluate(image_metric)[0]['fd/fd']


def test_equal_sets_are_at_distance_zero(tiny):
    scores, _ = evaluate(metric(tiny, dict(fd=dict(), precision_recall=dict(num_neighbours=3)), prefix='same'), fake=REAL)
    assert scores['same/fd/fd'] == pytest.approx(0, abs=1e-6)
    assert scores['same/precision_recall/precision'] == scores['same/precision_recall/recall'] == 1


def test_a_hit_equals_a_fresh_evaluation(tiny, tmp_path):
    fresh, needed = evaluate(metric(tiny, cache_dir=tmp_path / 'cache'), Data(fingerprint='a'))
    assert needed
    hit, needed = evaluate(metric(tiny, cache_dir=tmp_path / 'cache'), Data(fingerprint='a'))
    assert not needed and hit == fresh


def test_what_can_not_be_kept_is_said(tiny, tmp_path):
    with pytest.warns(UserWarning, match='Data has no fingerprint of its images, so that their features are not kept'):
        fresh, _ = evaluate(metric(tiny, cache_dir=tmp_path / 'cache'))
    (tmp_path / 'file').write_text('')
    with pytest.warns(UserWarning, match='the reference statistics are not kept: .*file'):
        assert evaluate(metric(tiny, cache_dir=tmp_path / 'file'), Data(fingerprint='a'))[0] == fresh


@pytest.mark.parametrize('change', ['data', 'number', 'extractor', 'max_rows', 'scores'])
def test_anything_else_misses(tiny, tmp_path, change):
    evaluate(metric(tiny, cache_dir=tmp_path / 'cache'), Data(fingerprint='a'))
    path = save_tiny(tmp_path / 'other.pt', seed=1, logits=True) if change == 'extractor' else tiny
    other = metric(path, dict(fd=dict()) if change == 'scores' else SCORES, cache_dir=tmp_path / 'cache',
                   max_rows=20 if change == 'max_rows' else None)
    data = Data(REAL[:50] if change == 'number' else REAL, 'b' if change == 'data' else 'a')
    assert evaluate(other, data)[1]


def test_a_classifier_score_alone_needs_no_real_images(tiny):
    scores, needed = evaluate(metric(tiny, dict(classifier_score=dict(num_splits=2, seed=0))))
    assert not needed and scores['classifier_score/classifier_score'] >= 1


def test_none_leaves_a_score_out(tiny):
    assert set(metric(tiny, dict(fd=dict(), kd=None)).scores) == {'fd'}


@pytest.mark.parametrize(('arguments', 'message'), [
    (dict(scores=dict()), 'scores must not be empty; known are fid, fd, kid'),
    (dict(scores=dict(fed=dict())), "unknown image score 'fed'; known are fid, fd, kid"),
    (dict(scores=dict(fd=dict(k=3))), r"fd takes the keywords \(none\); unknown: \['k'\], missing: \[\]"),
    (dict(scores=dict(precision_recall=dict(k=3))), r"keywords num_neighbours; unknown: \['k'\], missing: \['num_neighbours'\]"),
    (dict(scores=dict(fd=None)), 'scores must not be empty'),
    (dict(scores=dict(fd=3)), 'fd = 3 must be keyword arguments'),
    (dict(max_rows=1), 'max_rows must be at least 2, or None for all, got 1'),
])
def test_bad_arguments(tiny, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric(tiny, **arguments)


def test_evaluation_errors(tiny):
    image_metric = metric(tiny, dict(fd=dict()))
    with pytest.raises(ValueError, match=r"use it with test_cfg=dict\(type='ibgan_plugin.GenerationTestLoop'\)"):
        image_metric.process(None, [])
    image_metric.begin(Data(), 50)
    image_metric.process_real(REAL, np.arange(60))
    image_metric.process_real(REAL[:1], np.array([0]))  # as a sampler does that pads
    image_metric.process_fake(FAKE, np.arange(50))
    with pytest.raises(ValueError, match=r'61 real images were seen instead of 60: use sampler=.*round_up=False'):
        image_metric.evaluate(60)
    with pytest.raises(ValueError, match='a covariance needs at least 2 samples, got 1'):
        evaluate(metric(tiny, dict(fd=dict())), fake=FAKE[:1])


def run_rank(environment, folder):
    """One process: its share of the images under several circumstances."""
    os.environ.update(environment)
    rank = int(environment['RANK'])
    torch.distributed.init_process_group('gloo')

    def run(real_share, fake_share, **options):
        image_metric = metric(f'{folder}/tiny.pt', **options)
        needed = image_metric.begin(Data(fingerprint='a'), len(FAKE))
        if needed and len(real_share):
            image_metric.process_real(REAL[real_share], real_share)
        for share in np.array_split(fake_share, 3):
            image_metric.process_fake(FAKE[share], share)
        try:
            return image_metric.evaluate(60), needed
        except ValueError as error:
            return str(error), needed

    real, fake = np.arange(rank, 60, 2), np.arange(rank, 50, 2)
    whole = dict(cache_dir=f'{folder}/cache')
    out = [run(real, fake, **whole), run(real, fake, **whole), run(np.arange(60) if rank else [], fake),
           run(real, fake, max_rows=20), run(np.arange(60), fake)]
    Path(folder, f'out{rank}').write_text(json.dumps(out))
    leave_process_group()


def test_two_processes_equal_one(tmp_path, tiny):
    ranks = [CONTEXT.Process(target=run_rank, args=(environment, str(tmp_path))) for environment in environments()]
    for process in ranks:
        process.start()
    assert wait(ranks, 100) == [0, 0]
    expected, part = evaluate(metric(tiny))[0], evaluate(metric(tiny, max_rows=20))[0]
    for rank in range(2):
        fresh, hit, one_empty, limited, doubled = json.loads((tmp_path / f'out{rank}').read_text())
        assert fresh == [pytest.approx(expected, rel=1e-6), True]
        assert hit == [fresh[0], False]
        assert one_empty[0] == pytest.approx(expected, rel=1e-6)  # a process may have no images
        assert limited[0] == pytest.approx(part, rel=1e-6)
        assert '120 real images were seen instead of 60' in doubled[0]  # raised on every process
