import subprocess
from types import SimpleNamespace

from ibgan_plugin.utils import provenance as module
from ibgan_plugin.utils.provenance import provenance


def test_the_commit_is_of_the_checkout_that_has_the_package_and_of_no_other(tmp_path, monkeypatch):
    package = tmp_path / 'ibgan_plugin'
    package.mkdir()
    (package / '__init__.py').write_text('')
    (tmp_path / 'mine.txt').write_text('')
    monkeypatch.setattr(module, 'ibgan_plugin', SimpleNamespace(__file__=str(package / '__init__.py'), __version__='1'))

    def git(*command):
        subprocess.run(['git', '-C', str(tmp_path), '-c', 'user.name=a', '-c', 'user.email=a@b.example', *command], check=True,
                       capture_output=True)

    assert provenance()['commit'] == ''
    git('init')
    git('add', 'mine.txt')
    git('commit', '-m', 'A project in whose folder the package is installed')
    assert provenance()['commit'] == ''
    git('add', '.')
    git('commit', '-m', 'The package itself')
    assert len(provenance()['commit']) == 12
