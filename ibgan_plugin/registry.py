"""Child registries of MMEngine's, in the scope ``ibgan_plugin``.

The scope equals the package name, so MMEngine finds this module by itself for a prefixed type such as
``type='ibgan_plugin.IBGAN'``, and each registry imports its ``locations`` on the first look-up. Registries without a location
of ours exist so that ``default_scope='ibgan_plugin'`` finds a registry of that scope everywhere.
"""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mmengine.registry as mmengine_registry
from mmengine.registry import Registry

SCOPE = 'ibgan_plugin'


@contextmanager
def named(component: Any) -> Iterator[None]:
    """Inside, an exception gets the attribute ``component``, unless it has one: the config of the innermost that is being built."""
    given = dict(component) if isinstance(component, dict) else component  # MMEngine takes keys out of it
    try:
        yield
    except Exception as error:
        vars(error).setdefault('component', given)
        raise


class NamingRegistry(Registry):
    """MMEngine's ``Registry`` whose exceptions know the component that could not be built: see :func:`named`."""

    def build(self, cfg: dict, *args: Any, **kwargs: Any) -> Any:
        """As MMEngine's."""
        with named(cfg):
            return super().build(cfg, *args, **kwargs)


def _child(name: str, *locations: str) -> Registry:
    """A child of MMEngine's registry ``name`` that imports ``locations`` (below this package) on its first look-up."""
    parent = getattr(mmengine_registry, name)
    return NamingRegistry(parent.name, parent=parent, scope=SCOPE, locations=[f'{SCOPE}.{each}' for each in locations])


MODELS = _child('MODELS', 'models', 'evaluation.image.extractors', 'interop')
WEIGHT_INITIALIZERS = _child('WEIGHT_INITIALIZERS', 'models.networks')
DATASETS = _child('DATASETS', 'datasets', 'interop')
DATA_SAMPLERS = _child('DATA_SAMPLERS', 'datasets')
FUNCTIONS = _child('FUNCTIONS', 'datasets', 'engine.workers')
TRANSFORMS = _child('TRANSFORMS', 'datasets.transforms')
HOOKS = _child('HOOKS', 'engine.hooks')
LOOPS = _child('LOOPS', 'engine.loops', 'interop')
OPTIM_WRAPPER_CONSTRUCTORS = _child('OPTIM_WRAPPER_CONSTRUCTORS', 'engine.optim')
METRICS = _child('METRICS', 'evaluation.metrics')
EVALUATOR = _child('EVALUATOR')
INFERENCERS = _child('INFERENCERS', 'apis')
LOG_PROCESSORS = _child('LOG_PROCESSORS', 'engine.log')
MODEL_WRAPPERS = _child('MODEL_WRAPPERS')
OPTIM_WRAPPERS = _child('OPTIM_WRAPPERS', 'engine.optim')
OPTIMIZERS = _child('OPTIMIZERS')
PARAM_SCHEDULERS = _child('PARAM_SCHEDULERS')
RUNNER_CONSTRUCTORS = _child('RUNNER_CONSTRUCTORS')
RUNNERS = _child('RUNNERS', 'engine.runner')
TASK_UTILS = _child('TASK_UTILS')
VISBACKENDS = _child('VISBACKENDS', 'engine.log')
VISUALIZERS = _child('VISUALIZERS')
