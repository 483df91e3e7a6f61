"""A fast layer beside the plain one, up to second derivatives."""
import torch


def derivatives(layer, inputs, once, twice):
    """Result, gradients of input and parameters, and the gradients of those."""
    inputs = inputs.clone().requires_grad_()
    leaves = [inputs, *layer.parameters()]
    output = layer(inputs)
    first = torch.autograd.grad(output, leaves, once, create_graph=True)
    penalty = sum((g * w).sum() for g, w in zip(first, twice, strict=True)) + first[0].square().sum()
    return [output, *first, *torch.autograd.grad(penalty, leaves, allow_unused=True)]


def assert_equal_to_plain(fast, plain, shape, memory_format):
    """In float64, on random inputs of a shape."""
    fast, plain = (layer.double().to(memory_format=memory_format) for layer in (fast, plain))
    plain.load_state_dict(fast.state_dict())
    inputs = torch.randn(shape, dtype=torch.float64).to(memory_format=memory_format)
    once = torch.randn_like(plain(inputs))
    twice = [torch.randn_like(t) for t in (inputs, *plain.parameters())]
    for ours, theirs in zip(*(derivatives(layer, inputs, once, twice) for layer in (fast, plain)), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs)
