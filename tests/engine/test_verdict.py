import re

from ibgan_plugin.engine.verdict import Verdict
from ibgan_plugin.visualization.resemblance import Statistics, findings


def every_finding(apart=None) -> list:
    """All that can be found, of made-up statistics."""
    plain = Statistics(0.04, 1.0, 0.05, 0.3)
    bad = [Statistics(0.9, 0.1, 0.9, 0.01), plain._replace(fine=0.0)]
    return [each for fake in bad for each in findings(fake, plain, apart)]


def test_what_to_try_is_what_the_model_has():
    alone = every_finding()
    assert {each.kind for each in alone} == {'texture', 'blur', 'brightness', 'contrast', 'variety'}
    words = Verdict(9, alone, '', adversarial=False).warning()
    assert words.count('\n    try: ') == len(alone)
    assert not re.search('discriminator|InstanceNoise|R1Penalty|spectral|ibgan|lambda|both sides', words)
    words = Verdict(9, every_finding(apart=0.995), '', adversarial=True).warning()
    for said in ('try: smaller learning rates of the generator; noise that falls more slowly (InstanceNoiseHook); the networks '
                 'with spectral norm of ibgan_quick_dsprites.py',
                 'try: a longer training\n', 'try: another seed; smaller learning rates\n',
                 'try: another seed; Adam with betas (0, 0.99) and one rate for both sides, as ibgan_quick_dsprites.py; a larger '
                 'lambda', 'try: a smaller learning rate of the discriminator; instance noise; spectral norm or R1Penalty'):
        assert said in words


def test_the_last_words_say_what_can_be_trusted():
    found = every_finding()
    assert 'can be trusted: at iteration 9' in Verdict(9, [], 'variety 0.3', adversarial=True).conclusion()
    assert Verdict(9, found, '', adversarial=True).conclusion().startswith('DO NOT TRUST this run: at iteration 9')
    assert 'their scores stand' in Verdict(9, found, '', adversarial=False).conclusion()
