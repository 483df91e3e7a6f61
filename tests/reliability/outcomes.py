"""Calling ``tools/train.py``, and what it says."""
from tests.reliability.training import Tool, arguments


def small_options(data_root: str, **more) -> list[str]:
    """Options of a run of four iterations that saves after each second one; ``more`` has ``__`` for a dot."""
    changes = {key.replace('__', '.'): value for key, value in more.items()}
    return arguments({
        **{f'{stage}_dataloader.dataset.data_root': data_root for stage in ('train', 'val', 'test')},
        **{f'model.{part}.base_channels': 2 for part in ('generator', 'discriminator', 'reconstructor')},
        'train_dataloader.batch_size': 4, 'train_cfg.max_iters': 4, 'train_cfg.val_begin': 10_000,
        'default_hooks.checkpoint.interval': 2, 'default_hooks.logger.interval': 1, 'default_hooks.traversal.interval': 10_000,
        **changes})


def train(folder, *words) -> tuple[int, str]:
    return Tool(folder, 'train.py', *words).wait()


def error(text: str) -> str:
    """The one line of an error; there is no traceback."""
    assert 'Traceback' not in text, text
    line, = (line for line in text.splitlines() if line.startswith('error: '))
    return line
