"""How other projects reach our components: each in a process of its own, without importing the package by hand."""
import subprocess
import sys

import pytest

RESOLVE = '''
from mmengine.registry import MODELS, HOOKS, DATASETS, METRICS, LOOPS, FUNCTIONS, OPTIM_WRAPPER_CONSTRUCTORS, DefaultScope
'''


def run(code: str) -> str:
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_prefix_alone_is_enough():
    run(RESOLVE + '''
import sys
assert 'ibgan_plugin' not in sys.modules
for registry, name in ((MODELS, 'IBGAN'), (MODELS, 'KLLoss'), (HOOKS, 'InstanceNoiseHook'), (DATASETS, 'DSprites'),
                       (METRICS, 'FactorVAEScore'), (METRICS, 'ImageMetric'), (LOOPS, 'CodesTestLoop'),
                       (LOOPS, 'GenerationTestLoop'), (MODELS, 'TorchScriptExtractor'), (FUNCTIONS, 'batched_collate'),
                       (OPTIM_WRAPPER_CONSTRUCTORS, 'GroupedOptimWrapperConstructor')):
    assert registry.get(f'ibgan_plugin.{name}').__name__ == name
''')


def test_default_scope_resolves_unprefixed_types():
    run(RESOLVE + '''
from mmengine.registry import init_default_scope
import ibgan_plugin.registry
init_default_scope('ibgan_plugin')
model = MODELS.build(dict(type='IBGAN', generator=dict(type='Generator'), discriminator=dict(type='Discriminator'),
                          data_preprocessor=dict(type='ImgDataPreprocessor')))
assert type(model).__name__ == 'IBGAN'
''')


@pytest.mark.parametrize('scope', ['mmengine', 'ibgan_plugin', 'somebody_else'])
def test_custom_imports_and_prefixes_work_under_any_scope(tmp_path, scope):
    (tmp_path / 'config.py').write_text(f'''
default_scope = {scope!r}
custom_imports = dict(imports=['ibgan_plugin'], allow_failed_imports=False)
model = dict(type='ibgan_plugin.IBGAN', generator=dict(type='ibgan_plugin.Generator'),
             discriminator=dict(type='ibgan_plugin.Discriminator'), data_preprocessor=dict(type='ImgDataPreprocessor'))
''')
    run(RESOLVE + f'''
from mmengine.config import Config
from mmengine.registry import Registry, MODELS
somebody_else = Registry('model', parent=MODELS, scope='somebody_else')
cfg = Config.fromfile({str(tmp_path / "config.py")!r})
with DefaultScope.overwrite_default_scope(cfg.default_scope):
    assert type(MODELS.build(cfg.model)).__name__ == 'IBGAN'
''')


def test_import_is_cheap_and_registers_nothing():
    out = run('''
import sys, torch, mmengine
before = set(sys.modules)
import ibgan_plugin
print(len([name for name in set(sys.modules) - before]), ibgan_plugin.__version__)
''')
    assert out.split() == ['2', '0.1.0']
