"""Examples in docstrings are run as they stand, and what people call has one."""
import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
import torch

import ibgan_plugin
from ibgan_plugin.evaluation import disentanglement, image
from ibgan_plugin.models import losses
from ibgan_plugin.models.losses import functional, variational

SOURCES = {info.name: Path(info.module_finder.find_spec(info.name).origin).read_text()
           for info in pkgutil.walk_packages(ibgan_plugin.__path__, 'ibgan_plugin.')}
MODULES = [name for name, source in SOURCES.items() if '>>> ' in source]
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


def test_an_error_is_listed_once():
    twice = []
    for module, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                section = re.search(r'^Raises:\n((?:    .*\n?|\n)+)', ast.get_docstring(node) or '', re.MULTILINE)
                listed = re.findall(r'^    (\w[\w, ]*):', section[1], re.MULTILINE) if section else []
                names = [name for line in listed for name in line.split(', ')]
                twice += [f'{module}:{node.lineno}: {name}' for name in names if names.count(name) > 1]
    assert not twice


@pytest.mark.parametrize('family', FAMILIES)
def test_what_people_call_has_an_example(family):
    assert FAMILIES[family]
    for member in FAMILIES[family]:
        places = [member, *(other for other in vars(inspect.getmodule(member)).values()
                            if inspect.isfunction(other) and other.__module__ == member.__module__)]
        assert any('>>> ' in (place.__doc__ or '') for place in places + [inspect.getmodule(member)]), member
