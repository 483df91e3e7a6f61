"""From a config file and the command line's options to a checked config."""
from pathlib import Path

from mmengine.config import Config

from ibgan_plugin.config.check import ConfigError, check_config, config_errors


def read_config(path: str | Path, cfg_options: dict | None = None) -> Config:
    """Read a config file and put ``cfg_options``, dotted keys to values, in place of its own.

    Raises:
        ConfigError: If there is no such file or it can not be read.
    """
    if not Path(path).is_file():
        raise ConfigError(f'no config file {str(path)!r}')
    try:
        cfg = Config.fromfile(path)
    except (SyntaxError, NameError, OSError, AttributeError, KeyError, TypeError, ImportError) as error:
        raise ConfigError(f'{path} can not be read: {error}') from error
    with config_errors(cfg):
        cfg.merge_from_dict(cfg_options or {})
    return cfg


def load_config(path: str | Path, work_dir: str | None = None, cfg_options: dict | None = None, seed: int | None = None,
                launcher: str = 'none') -> Config:
    """Read a config, apply the command line's options to it, and check it.

    Args:
        path: Config file.
        work_dir: Where results go; by default the config's own, else ``work_dirs/<config name>``.
        cfg_options: Dotted keys to values that replace the config's.
        seed: Seed of everything random.
        launcher: How processes were started, one of ``LAUNCHERS``.

    Raises:
        ConfigError: If the config has a mistake.
    """
    cfg = read_config(path, cfg_options)
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(path).stem)
    cfg.launcher = launcher
    if seed is not None:
        cfg.randomness = {**cfg.get('randomness', {}), 'seed': seed}
    check_config(cfg)
    return cfg
