"""From a config file and the command line's options to a checked config."""
from pathlib import Path

from mmengine.config import Config

from ibgan_plugin.config.check import ConfigError, check_config, config_errors
from ibgan_plugin.config.zoo import find_model, is_name
from ibgan_plugin.utils.safetensors_file import SUFFIX, read_config_of


def read_config(path: str | Path, cfg_options: dict | None = None) -> Config:
    """Read a config and put ``cfg_options``, dotted keys to values, in place of its own.

    Args:
        path: A config file, the name of a model of the zoo, or a safetensors file, which holds the config of its model.
        cfg_options: Dotted keys to values that replace the config's.

    Raises:
        ConfigError: If there is no such file or it can not be read.
        IBGANError: If there is no such model, or the safetensors file has no config.
    """
    path = find_model(str(path)).config if is_name(path) else path
    if not Path(path).is_file():
        raise ConfigError(f'no config file {str(path)!r}')
    try:
        cfg = Config(read_config_of(path)) if Path(path).suffix == SUFFIX else Config.fromfile(path)
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
