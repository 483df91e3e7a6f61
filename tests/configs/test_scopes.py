"""One config file, unchanged, under the default scopes of others."""

import pytest

from tests.configs.scope_run import check_run


@pytest.mark.parametrize('scope', ['mmengine', 'ibgan_plugin'])
def test_the_same_config_runs_under_every_scope(scope, tmp_path):
    check_run(scope, tmp_path)
