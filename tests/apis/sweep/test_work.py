import json
from types import SimpleNamespace

import pytest

from ibgan_plugin.apis.sweep import work
from ibgan_plugin.apis.sweep.plan import START, make_plan
from ibgan_plugin.utils.errors import IBGANError


@pytest.mark.parametrize('options', [{}, {'train_cfg.max_iters': 12}])
def test_a_run_says_when_it_starts_of_which_options_its_checkpoints_are(tmp_path, monkeypatch, options):
    first, = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, [0]).runs
    again, = make_plan(['configs/ibgan/ibgan_dsprites.py'], tmp_path, [0], fixed=options).runs
    resumed = []

    def train():
        (tmp_path / first.name / 'iter_2.pth').touch()

    monkeypatch.setattr(work, 'load_run_config', lambda *_, resume, **__: resumed.append(resume))
    monkeypatch.setattr(work, 'build_runner', lambda _: SimpleNamespace(train=train, preempted=True))
    with pytest.raises(IBGANError, match='stopped by a signal'):
        work.train_and_score(first)
    assert json.loads((tmp_path / first.name / START).read_text())['digest'] == first.digest
    with pytest.raises(IBGANError, match='stopped run of another config' if options else 'stopped by a signal'):
        work.train_and_score(again)
    assert resumed == ([None] if options else [None, 'auto'])
