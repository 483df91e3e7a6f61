import pytest
from mmengine.config import Config

from ibgan_plugin.apis.testing import check_has_codes, choose_scores
from ibgan_plugin.registry import METRICS
from ibgan_plugin.utils.errors import IBGANError

VOTES = dict(num_train=20, num_eval=10, batch_size=4, num_variance_estimate=50, prune_threshold=0.0)


def built(evaluator, **chosen):
    """The metrics of a config's test after a choice on the command line."""
    cfg = Config(dict(test_evaluator=evaluator))
    choose_scores(cfg, **chosen)
    entries = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    return [METRICS.build(entry) if '.' in entry['type'] else entry for entry in entries]


def test_other_seeds_change_no_score_of_the_config():
    ours, twice, other = built([dict(type='ibgan_plugin.DisentanglementMetric', protocol='infogan_cr', prefix='one'),
                                dict(type='ibgan_plugin.DisentanglementMetric', protocol='ibgan', scores=dict(factor_vae=dict())),
                                dict(type='LinearScore')], seeds=(3, 4))
    assert (ours.protocol, ours.prefix, set(ours.scores), ours.seeds) == ('infogan_cr', 'one', {'factor_vae'}, (3, 4))
    assert (twice.protocol, set(twice.scores), twice.seeds) == ('ibgan', {'factor_vae'}, (3, 4))
    assert other == dict(type='LinearScore')


def test_the_factor_vae_score_keeps_its_numbers():
    evaluator = dict(type='ibgan_plugin.FactorVAEScore', **VOTES, seed=5)
    metric, = built(evaluator, seeds=(1, 2))
    assert metric.scores == dict(factor_vae=VOTES) and metric.seeds == (1, 2)
    metric, = built(evaluator, metrics=['factor_vae'])
    assert metric.scores == dict(factor_vae=VOTES) and metric.seeds == (5, )
    metric, = built(evaluator, protocol='infogan_cr')
    assert metric.protocol == 'infogan_cr' and metric.scores['factor_vae']['num_train'] == 500


def test_there_must_be_codes_to_save():
    check_has_codes(Config(dict(test_evaluator=[dict(type='LinearScore'), dict(type='ibgan_plugin.FactorVAEScore')])))
    for evaluator in (None, dict(type='ibgan_plugin.ImageMetric')):
        with pytest.raises(IBGANError, match='--save-codes: no score of this test is of codes'):
            check_has_codes(Config(dict(test_evaluator=evaluator)))
