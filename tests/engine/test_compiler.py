import warnings

import pytest
from mmengine.config import Config

from ibgan_plugin.engine.compiler import drop_compile_without_compiler


@pytest.mark.parametrize('option', [True, dict(mode='default')])
def test_without_a_compiler_there_is_one_warning(option, monkeypatch):
    monkeypatch.setenv('CXX', 'no-such-compiler')
    cfg = Config(dict(compile=option))
    with pytest.warns(UserWarning, match=r'needs a C\+\+ compiler \(no-such-compiler\)') as seen:
        drop_compile_without_compiler(cfg)
    assert len(seen) == 1
    assert cfg.compile is False


@pytest.mark.parametrize(('option', 'compiler'), [(None, 'no-such-compiler'), (False, 'no-such-compiler'),
                                                  (dict(backend='eager'), 'no-such-compiler'), (True, 'sh')])
def test_otherwise_the_option_stays(option, compiler, monkeypatch):
    monkeypatch.setenv('CXX', compiler)
    cfg = Config({} if option is None else dict(compile=option))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        drop_compile_without_compiler(cfg)
    assert cfg.get('compile') == option
