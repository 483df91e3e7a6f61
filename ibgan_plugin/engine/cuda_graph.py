"""A whole training step as one CUDA graph."""
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import MessageHub, print_log
from mmengine.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from ibgan_plugin.engine.resume import count_on_host, named_wrappers
from ibgan_plugin.engine.runner import accumulates
from ibgan_plugin.models.base import KL_PER_DIM, LatentModel, device_of, publish_kl_per_dim
from ibgan_plugin.models.freeze import unwrap
from ibgan_plugin.utils.errors import IBGANError

#: Iterations before the capture: libraries choose their kernels and optimisers make their state in them.
WARM_UP = 3

#: An object and the name of its attribute that holds a number which changes between iterations.
Number = tuple[Any, str]


def why_not_captured(model: nn.Module, optim_wrapper: Any) -> str | None:
    """Why the steps of a run can not be one graph, in words that follow "since"; None where they can.

    A graph repeats the same operations on the same memory without asking Python, so a step must not wait for the device to decide,
    nor do other things in other iterations.
    """
    wrappers = named_wrappers(optim_wrapper).values()
    if device_of(model).type != 'cuda':
        return 'the model is not on a CUDA device'
    if unwrap(model) is not model:
        return 'the run is distributed'
    if not isinstance(model, LatentModel) or not model.same_every_step:
        return f'the steps of this {type(model).__name__} are not all alike'
    if any(isinstance(wrapper, AmpOptimWrapper) for wrapper in wrappers):
        return 'the scaling of fp16 losses waits for the device'
    if any(map(accumulates, wrappers)):
        return 'gradients are accumulated over several iterations'
    if any(wrapper.clip_grad_kwargs and wrapper.clip_func is torch.nn.utils.clip_grad_norm_ for wrapper in wrappers):
        return 'MMEngine logs the norm by which gradients are clipped, and so waits for the device'
    return None


class Constants:
    """The numbers that Python holds in the modules of a model and in the groups of its optimisers, as they are now.

    A graph has them as constants: what sets one of them later has no effect on it.

    Args:
        model: Whose modules.
        groups: Of the optimisers; their learning rates are left out.
        varying: Numbers that the graph reads anew, which are left out.
    """

    def __init__(self, model: nn.Module, groups: Sequence[dict[str, Any]], varying: Sequence[Number] = ()) -> None:
        places = [(name or type(model).__name__, vars(module)) for name, module in model.named_modules()]
        places += [('an optimiser', group) for group in groups]
        left_out = {(id(vars(owner)), name) for owner, name in varying} | {(id(group), 'lr') for group in groups}
        self._held = [(name, place, key, value) for name, place in places for key, value in place.items()
                      if isinstance(value, (bool, int, float)) and (id(place), key) not in left_out]

    def changed(self) -> str | None:
        """The name of one that is another now; None where all are as they were."""
        for name, place, key, value in self._held:
            if place.get(key) is not value and place.get(key) != value:
                return f'{name}.{key}'
        return None


class GraphedStep:
    """``model.train_step`` that is captured once and then repeated: one launch an iteration in the place of a thousand.

    Networks of this size keep a GPU less busy than Python needs to tell it what to do. The first iterations run as always; then the
    step, with all its losses, backward passes and optimisers, becomes a graph. What changes from one iteration to the next is
    copied to where the graph reads it: the batch, learning rates, and numbers of the model that hooks set. Random numbers go on
    from the generator's state as they would without a graph, so seeds mean the same. A batch of another size takes the step
    without the graph. Once another number of the model or of an optimiser has changed (:class:`Constants`), all steps do.

    Args:
        model: On a CUDA device.
        optim_wrapper: What ``train_step`` gets.
        numbers: Numbers of the model that hooks set.
    """

    def __init__(self, model: LatentModel, optim_wrapper: OptimWrapper | OptimWrapperDict, numbers: Sequence[Number] = ()) -> None:
        self.model, self.optim_wrapper = model, optim_wrapper
        self.device = device_of(model)
        self.wrappers = named_wrappers(optim_wrapper).values()
        self.groups = [group for wrapper in self.wrappers for group in wrapper.param_groups]
        self._numbers = [(owner, name, torch.zeros((), device=self.device)) for owner, name in numbers]
        self._rates = [torch.zeros((), device=self.device) for _ in self.groups]
        self._copied: list[float] = []  # what the tensors of both hold
        self._stream = torch.cuda.Stream(self.device)
        self._steps = 0
        self._outdated = False
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, data: dict[str, Any]) -> dict[str, Tensor]:
        """One training step; returns what is logged, as ``train_step`` does."""
        if self._graph is None and self._steps >= WARM_UP:
            self._capture(data)
        self._steps += 1
        if self._graph is None:
            return self._warm_up(data)
        if self._is_outdated() or _shapes(data) != self._shapes:
            return self.model.train_step(data, self.optim_wrapper)
        return self._repeat(data)

    def _is_outdated(self) -> bool:
        """Whether a number that the graph has as a constant has changed since; a line says so once."""
        if not self._outdated and (name := self._constants.changed()):
            self._outdated = True
            for wrapper in self.wrappers:
                count_on_host(wrapper.optimizer)
            print_log(f'env_cfg.cuda_graphs: the training goes on without a graph, since {name} has changed, which a graph repeats '
                      f'as it was; ibgan_plugin.ScheduleHook changes numbers in graphs too', 'current', logging.WARNING)
        return self._outdated

    def _warm_up(self, data: dict[str, Any]) -> dict[str, Tensor]:
        """A step as always, on a stream of its own, as torch wants it before a capture."""
        current = torch.cuda.current_stream(self.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            outputs = self.model.train_step(data, self.optim_wrapper)
        current.wait_stream(self._stream)
        return outputs

    def _capture(self, data: dict[str, Any]) -> None:
        """Note the operations of a step without doing them."""
        self._shapes = _shapes(data)
        self._inputs = self.model.data_preprocessor.cast_data(data)
        for wrapper in self.wrappers:
            wrapper.zero_grad()  # a gradient from before the capture would be added to, and then be freed
            for state in wrapper.optimizer.state.values():
                if isinstance(state.get('step'), Tensor):
                    state['step'] = state['step'].to(self.device)
        graph = torch.cuda.CUDAGraph()
        try:
            # thread_local: other threads may pin the memory of the next batches meanwhile
            with self._on_device(), torch.cuda.graph(graph, capture_error_mode='thread_local'):
                outputs = self.model.train_step(self._inputs, self.optim_wrapper)
                self._names = list(outputs)
                self._outputs = torch.stack([value.float() for value in outputs.values()])
        except RuntimeError as error:
            raise IBGANError(f'the training step of {type(self.model).__name__} can not be captured as a CUDA graph: '
                             f'{str(error).splitlines()[0]}; env_cfg.cuda_graphs=False trains without') from error
        self._graph = graph
        self._constants = Constants(self.model, self.groups, [(owner, name) for owner, name, _ in self._numbers])
        self._kl = MessageHub.get_current_instance().get_info(KL_PER_DIM)  # a tensor of the graph; None where a model has none

    def _repeat(self, data: dict[str, Any]) -> dict[str, Tensor]:
        """The step of the graph on a new batch."""
        assert self._graph is not None
        for there, new in zip(tensors_of(self._inputs), tensors_of(data), strict=True):
            if there is not new:
                there.copy_(new, non_blocking=True)
        self._copy_numbers()
        self._graph.replay()
        if self._kl is not None:  # a step without the graph has put another tensor in its place
            publish_kl_per_dim(self._kl)
        return dict(zip(self._names, self._outputs.clone().unbind(), strict=True))

    def _copy_numbers(self) -> None:
        """Bring learning rates and the model's numbers to the device, those that have changed."""
        values = [getattr(owner, name) for owner, name, _ in self._numbers] + [group['lr'] for group in self.groups]
        tensors = [tensor for *_, tensor in self._numbers] + self._rates
        for index, (tensor, value) in enumerate(zip(tensors, values, strict=True)):
            if index >= len(self._copied) or self._copied[index] != value:
                tensor.fill_(value)
        self._copied = values

    @contextmanager
    def _on_device(self) -> Iterator[None]:
        """Inside, the numbers of model and optimisers are tensors on the device; then what they were."""
        self._copy_numbers()
        numbers = [(owner, name, getattr(owner, name)) for owner, name, _ in self._numbers]
        groups = [dict(group) for group in self.groups]
        try:
            for owner, name, tensor in self._numbers:
                setattr(owner, name, tensor)
            for group, rate in zip(self.groups, self._rates, strict=True):
                group.update(lr=rate, capturable=True)
            yield
        finally:
            for owner, name, value in numbers:
                setattr(owner, name, value)
            for group, before in zip(self.groups, groups, strict=True):
                group.update(before)


def tensors_of(data: Any) -> list[Tensor]:
    """All tensors of a batch in an order of their own: those of MMEngine's data elements too, where mmagic's images are."""
    tensors = []
    for leaf in tree_leaves(data):
        if isinstance(leaf, BaseDataElement):
            tensors += tensors_of([leaf.get(key) for key in sorted(leaf.keys())])
        elif isinstance(leaf, Tensor):
            tensors.append(leaf)
    return tensors


def _shapes(data: Any) -> list[Any]:
    """Shapes and types of a batch's tensors."""
    return [(tensor.shape, tensor.dtype) for tensor in tensors_of(data)]
