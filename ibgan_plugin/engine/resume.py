"""What becomes of options that have changed since the checkpoint from which a run goes on.

``docs/reliability.md`` has the table: optimisers' numbers, losses, hooks, batches and lengths are used as the config has them and
named in the log; other schedules, other kinds of optimisers and other images are refused.
"""
import ast
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch.utils.data import DataLoader

from ibgan_plugin.engine.checkpoints import CheckpointError, tensor_problem

#: Top-level keys of a config that decide what is trained, and what below them is only a place or the machine.
_MATTERS = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr', 'default_hooks',
            'custom_hooks', 'data_preprocessor', 'env_cfg', 'randomness', 'sync_bn', 'compile')
_INDIFFERENT = ('env_cfg.device', 'env_cfg.dist_cfg', 'env_cfg.mp_cfg', 'randomness.seed')
_NOTHING = object()


def check_resumable(where: Any, checkpoint: Mapping[str, Any], max_iters: int) -> None:
    """Raise :class:`CheckpointError` unless a checkpoint holds all that a run needs to go on."""
    lacking = [key for key in ('state_dict', 'optimizer', 'message_hub', 'meta') if not isinstance(checkpoint.get(key), Mapping)]
    if lacking:
        raise CheckpointError(f'checkpoint {where} can not be resumed from, since it holds no {" and no ".join(lacking)}: '
                              f'--load-from starts a new run with its weights')
    for key in ('iter', 'epoch'):
        number = checkpoint['meta'].get(key)
        if type(number) is not int or number < 0:
            raise CheckpointError(f'checkpoint {where} can not be resumed from: its meta.{key} must be a count, got {number!r}')
    if checkpoint['meta']['iter'] > max_iters:
        raise CheckpointError(f'checkpoint {where} is of iteration {checkpoint["meta"]["iter"]:,}, beyond '
                              f'train_cfg.max_iters = {max_iters:,}')


def named_wrappers(wrapper: OptimWrapper | OptimWrapperDict) -> dict[str, OptimWrapper]:
    """The optimisers of a run by their names; a single one has the name ''."""
    return dict(wrapper.items()) if isinstance(wrapper, OptimWrapperDict) else {'': wrapper}


def named_schedules(schedules: Any) -> dict[str, Any]:
    """The schedules of a run, lists by the names of their optimisers; those of a single one have the name ''."""
    return schedules if isinstance(schedules, dict) else {'': schedules}


def check_optimizers(where: Any, given: Mapping[str, Any], wrapper: OptimWrapper | OptimWrapperDict) -> None:
    """Raise :class:`CheckpointError` unless the state ``given`` fits the optimisers: names, groups, shapes, finite values."""
    wrappers = named_wrappers(wrapper)
    states = {'': given} if '' in wrappers else given
    if states.keys() != wrappers.keys():
        raise CheckpointError(f'{where} does not fit the config: it has optimisers {", ".join(map(str, states))}, the config has '
                              f'{", ".join(wrappers)}')
    for name, each in wrappers.items():
        key, state = f'optimizer.{name}'.rstrip('.'), states[name]
        try:
            sizes = [[len(group['params']) for group in groups] for groups in (state['param_groups'], each.optimizer.param_groups)]
            numbers = [number for group in state['param_groups'] for number in group['params']]
            values = {number: dict(state['state'].get(number, {})) for number in numbers}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f'{where}: {key} is no state of an optimiser ({error!r})') from error
        if sizes[0] != sizes[1]:
            raise CheckpointError(f'{where} does not fit the config: {key} has groups of {sizes[0]} parameters, the config of '
                                  f'{sizes[1]}')
        parameters = [parameter for group in each.optimizer.param_groups for parameter in group['params']]
        for number, parameter in zip(numbers, parameters, strict=True):
            for field, value in values[number].items():
                if not hasattr(value, 'shape'):
                    continue
                problem = tensor_problem(value, parameter if value.ndim else value)
                if problem:
                    raise CheckpointError(f'{where} does not fit the config: {key}.state[{number}].{field} {problem}')


def base_numbers(wrapper: OptimWrapper) -> list[dict[str, Any]]:
    """The numbers of an optimiser's parameter groups as the config has them, schedules not counted."""
    return [{key: value for key, value in group.items() if key != 'params'} for group in wrapper.optimizer.param_groups]


def use_numbers(where: Any, name: str, wrapper: OptimWrapper, numbers: list[dict[str, Any]]) -> None:
    """Give an optimiser that was loaded from a checkpoint the config's numbers, such as a changed learning rate.

    Raises:
        CheckpointError: If a learning rate has changed that follows a schedule: its state knows the old one.
    """
    for group, own in zip(wrapper.optimizer.param_groups, numbers, strict=True):
        if 'initial_lr' in group:
            if group['initial_lr'] != own.get('initial_lr'):
                raise CheckpointError(f'{where}: optim_wrapper.{name}.optimizer.lr has changed from {group["initial_lr"]} to '
                                      f'{own.get("initial_lr")}, but follows a schedule, which can not be changed on the way; '
                                      f'--load-from starts a new run with the weights')
            own = {key: value for key, value in own.items() if key != 'lr'}
        group.update(own)


def resume_optimizers(where: Any, state: dict[str, Any], changed: Mapping[str, Any],
                      wrapper: OptimWrapper | OptimWrapperDict) -> None:
    """Load the optimisers' state, with the config's numbers where it has changed."""
    wrappers = named_wrappers(wrapper)
    numbers = {name: base_numbers(each) for name, each in wrappers.items()}
    wrapper.load_state_dict(state)
    if any(key.startswith('optim_wrapper.') for key in changed):
        for name, each in wrappers.items():
            use_numbers(where, name, each, numbers[name])
    for each in wrappers.values():
        count_on_host(each.optimizer)


def count_on_host(optimizer: torch.optim.Optimizer) -> None:
    """Let an optimiser count its steps where it does in a new run, on the CPU unless it is fused or in a graph.

    A checkpoint is read to the run's device, its counters too, and there each step would wait for the device to read them.
    """
    for group in optimizer.param_groups:
        if group.get('fused') or group.get('capturable'):
            continue
        for state in (optimizer.state[parameter] for parameter in group['params'] if parameter in optimizer.state):
            if isinstance(state.get('step'), torch.Tensor):
                state['step'] = state['step'].cpu()


def resume_schedules(states: Any, schedules: Any) -> None:
    """Load the state of the schedules, a list or one a name; that they are the same was checked."""
    states = states if isinstance(schedules, dict) else {'': states}
    for name, schedulers in named_schedules(schedules).items():
        for scheduler, state in zip(schedulers, states.get(name, ()), strict=True):
            scheduler.load_state_dict(state)


def fingerprint(dataloader: DataLoader) -> str | None:
    """Digest of a loader's data set; None where it is not known."""
    return getattr(dataloader.dataset, 'fingerprint', None)


def check_setting(where: Any, meta: Mapping[str, Any], changed: dict[str, Any], own: str | None,
                  world_size: int, threads: int) -> dict[str, Any]:
    """Refuse other images than those of a checkpoint; returns what else has changed. The same images may have moved.

    Args:
        where: The checkpoint's file.
        meta: What it says of itself.
        changed: The :func:`changes` of the config.
        own: :func:`fingerprint` of the images to train on.
        world_size: Number of processes.
        threads: Number of threads of each.
    """
    before = meta.get('data')
    if own is not None and before is not None:
        if own != before:
            raise CheckpointError(f'{where} was trained on other images than those of train_dataloader.dataset; --load-from '
                                  f'starts a new run with the weights')
        changed = {key: values for key, values in changed.items() if not key.startswith('train_dataloader.dataset.')}
    for what, key, now in (('the number of processes', 'world_size', world_size),
                           ('the number of threads, which moves last bits,', 'threads', threads)):
        if meta.get(key, now) != now:
            changed = {**changed, what: (meta[key], now)}
    return changed


def changes(old: str, new: str) -> dict[str, tuple[Any, Any]]:
    """What differs between two configs given as text, of all that matters to a training: key to (old, new) value.

    Nothing, where the old text is no config of a training.
    """
    before, after = (_flat(parse_config(text)) for text in (old, new))
    if not any(key.startswith('optim_wrapper') for key in before):
        return {}
    keys = [*after, *(key for key in before if key not in after)]
    return {key: (before.get(key, _NOTHING), after.get(key, _NOTHING)) for key in keys
            if _top(key) in _MATTERS and not key.startswith(_INDIFFERENT) and before.get(key, _NOTHING) != after.get(key, _NOTHING)}


def _top(key: str) -> str:
    """The top-level key of a dotted path."""
    return key.partition('.')[0].partition('[')[0]


def refuse(where: Any, changed: Mapping[str, tuple[Any, Any]]) -> None:
    """Raise :class:`CheckpointError` if one of the :func:`changes` can not be made on the way."""
    for key, (before, after) in changed.items():
        parts = key.split('.')
        is_kind = parts[0] == 'optim_wrapper' and parts[-2:] == ['optimizer', 'type']
        if is_kind or _top(key) == 'param_scheduler':
            what = 'the kind of an optimiser' if is_kind else 'a schedule'
            raise CheckpointError(f'{where}: {said(key, before, after)}, but {what} can not be changed on the way; --load-from '
                                  f'starts a new run with the weights')


def said(key: str, before: Any, after: Any) -> str:
    """One change in words."""
    if before is _NOTHING:
        return f'{key} = {after!r} is new'
    return f'{key} = {before!r} is gone' if after is _NOTHING else f'{key} has changed from {before!r} to {after!r}'


def parse_config(text: str) -> dict[str, Any]:
    """The values of a config that MMEngine has written as Python text; nothing is executed.

    What is neither a literal nor ``dict(...)`` stays text.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return {node.targets[0].id: _value(node.value) for node in body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}


def _value(node: ast.expr) -> Any:
    """A literal, list, tuple, ``{...}`` or ``dict(...)``; a tuple is a list, since MMEngine's options make one of the other."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        return {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        return {str(_value(key)): _value(value) for key, value in zip(node.keys, node.values, strict=True) if key is not None}
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(element) for element in node.elts]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _flat(value: Any, path: str = '') -> dict[str, Any]:
    """Leaves by dotted path; what is empty or None is not there."""
    items: Iterator[tuple[str, Any]]
    if isinstance(value, dict):
        items = ((f'{path}.{key}' if path else key, child) for key, child in value.items())
    elif isinstance(value, list) and any(isinstance(child, (dict, list)) for child in value):
        items = ((f'{path}[{i}]', child) for i, child in enumerate(value))
    else:
        return {} if value is None or value == [] else {path: value}
    return {key: leaf for child_path, child in items for key, leaf in _flat(child, child_path).items()}
