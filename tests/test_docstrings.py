"""Examples in docstrings are run as they stand, and what people call has one."""
import doctest
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
import torch

import ibgan_plugin
from ibgan_plugin.evaluation import disentanglement, image
from ibgan_plugin.models import losses
from ibgan_plugin.models.losses import functional, variational

MODULES = [info.name for info in pkgutil.walk_packages(ibgan_plugin.__path__, 'ibgan_plugin.')
           if '>>> ' in Path(info.module_finder.find_spec(info.name).origin).read_text()]
#: Families of which every member has an example, in its docstring or in its module's.
FAMILIES = {
    'losses': [getattr(losses, name) for name in losses.__all__],
    'terms': [term for module in (functional, variational) for name, term in vars(module).items()
              if inspect.isfunction(term) and term.__module__ == module.__name__ and not name.startswith(('check_', 'full_'))],
    'disentanglement': [metric.compute for metric in disentanglement.SUITE.values()],
    'images': [image.frechet_distance, image.inception_score, image.kid, image.precision_recall, image.density_coverage],
}


@pytest.mark.parametrize('name', MODULES)
def test_examples_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng():
        result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed


@pytest.mark.parametrize('family', FAMILIES)
def test_what_people_call_has_an_example(family):
    assert FAMILIES[family]
    for member in FAMILIES[family]:
        places = [member, *(other for other in vars(inspect.getmodule(member)).values()
                            if inspect.isfunction(other) and other.__module__ == member.__module__)]
        assert any('>>> ' in (place.__doc__ or '') for place in places + [inspect.getmodule(member)]), member
