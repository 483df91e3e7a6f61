"""A layer and its derivatives."""
import torch


def derivatives(layer, inputs, once, twice):
    """Result, gradients of input and parameters, and the gradients of those."""
    inputs = inputs.clone().requires_grad_()
    leaves = [inputs, *layer.parameters()]
    output = layer(inputs)
    first = torch.autograd.grad(output, leaves, once, create_graph=True)
    penalty = sum((g * w).sum() for g, w in zip(first, twice, strict=True)) + first[0].square().sum()
    return [output, *first, *torch.autograd.grad(penalty, leaves, allow_unused=True)]
