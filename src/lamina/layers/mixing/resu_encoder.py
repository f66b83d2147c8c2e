r"""Fitting a stack of `ReSUMixing` layers, one after the other, without gradients.

.. math:: \Psi^{(k)} = \mathrm{CCA}\bigl(X^{(k)}\bigr), \qquad X^{(k)} = \text{what reaches layer } k
          \text{ through the layers fitted before}

Source: Qin et al. 2025, arXiv:2512.23146, where each layer is fitted to the outputs of the one below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from lamina.errors import ArgumentError, ArgumentTypeError, StateError
from lamina.layers.mixing.resu import ReSUMixing
from lamina.stats import LagMoments

Model = TypeVar("Model", bound="nn.Module | Sequence[nn.Module]")


class _LayerReachedError(Exception):
    """A layer that is to be fitted has been reached; what comes after it cannot be computed yet."""


def fit_encoder(model: Model, batches: Iterable[Any], *, run: Callable[[Any], object] | None = None) -> Model:
    """Fit every `ReSUMixing` in a model in the order in which they are reached, each on its own input.

    All batches pass once for each layer, up to that layer, in evaluation mode and without gradients. Filters
    that a layer has already are replaced; everything else in the model stays as it is.

    Parameters
    ----------
    model
        A module; or a sequence of modules (`torch.nn.ModuleList` too), through which a batch passes one after
        the other, those that take a ``key_padding_mask`` with that of the batch, if it has one.
    batches
        Inputs, which can be gone through more than once, such as a list or a `torch.utils.data.DataLoader`:
        (batch, sequence, …) tensors, pairs of such a tensor and its boolean key_padding_mask, or mappings of
        keyword arguments for ``model``.
    run
        Called with each batch in place of all that: it passes the batch through the model.

    Returns
    -------
    torch.nn.Module or sequence of torch.nn.Module
        The model.

    Raises
    ------
    lamina.errors.ArgumentError
        When there is no `ReSUMixing`, ``batches`` can be gone through only once, or a batch is of another
        kind.
    lamina.errors.StateError
        When some `ReSUMixing` is never reached.
    lamina.errors.DataError
        As `ReSUMixing.fit`, when what reaches a layer does not vary or is too short. Layers before it are
        fitted then.

    Notes
    -----
    A layer that is called several times in one pass is fitted to its first input.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146.

    Examples
    --------
    >>> import torch
    >>> from lamina.layers.mixing.resu import ReSUMixing
    >>> x = torch.randn(20, 100, 4, generator=torch.Generator().manual_seed(0)).cumsum(1)
    >>> stack = torch.nn.Sequential(*(ReSUMixing(4, memory=3, horizon=2, ridge=0.01) for _ in range(2)))
    >>> fit_encoder(stack, [x[:10], x[10:]])(x).shape
    torch.Size([20, 100, 4])
    """
    modules = [model] if isinstance(model, nn.Module) else list(model)
    layers = list(
        {id(one): one for part in modules for one in part.modules() if isinstance(one, ReSUMixing)}.values()
    )
    if not layers:
        raise ArgumentError(
            "model",
            allowed="a model with at least one ReSUMixing",
            got=f"a {type(model).__name__} without any",
            remedy="Other layers are trained by gradients.",
        )
    if isinstance(batches, (Tensor, Mapping)) or iter(batches) is batches:
        raise ArgumentTypeError(
            "batches",
            allowed="a collection that can be gone through more than once",
            got=f"a {type(batches).__name__}",
            remedy="Pass a list of batches, or a DataLoader.",
        )
    passes = _caller(model) if run is None else run
    waiting = {id(layer): layer for layer in layers}
    with torch.no_grad(), _evaluating(modules):
        while waiting:
            gathered: dict[int, list[LagMoments]] = {}
            with _listening(waiting, gathered):
                for batch in batches:
                    try:
                        passes(batch)
                    except _LayerReachedError:
                        continue
            if not gathered:
                raise StateError(
                    f"{len(waiting)} of {len(layers)} ReSUMixing layer(s) were never reached by the batches. "
                    "Pass at least one batch, and the model that calls them."
                )
            for key, moments in gathered.items():
                waiting.pop(key).solve(moments)
    return model


def _caller(model: nn.Module | Sequence[nn.Module]) -> Callable[[Any], object]:
    """Return what passes a batch through the model."""

    def call(batch: Any) -> object:
        if isinstance(batch, Mapping) and isinstance(model, nn.Module):
            return model(**batch)
        x, given = _parts(batch)
        if isinstance(model, nn.Module) and not isinstance(model, (nn.ModuleList, nn.Sequential)):
            return model(x, **given)
        for part in model:
            x = part(x, **(given if "key_padding_mask" in signature(part.forward).parameters else {}))
        return x

    return call


def _parts(batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """Take a batch apart into a tensor and the mask it may have."""
    if isinstance(batch, Tensor):
        return batch, {}
    if isinstance(batch, (tuple, list)) and len(batch) in (1, 2) and isinstance(batch[0], Tensor):
        if len(batch) == 1:
            return batch[0], {}
        if isinstance(batch[1], Tensor) and batch[1].dtype == torch.bool:
            return batch[0], {"key_padding_mask": batch[1]}
    raise ArgumentTypeError(
        "batches",
        allowed="of tensors, pairs (x, key_padding_mask) with a boolean mask, or keyword arguments",
        got=f"a {type(batch).__name__}",
        remedy="Batches of another kind need run=..., a function that passes one through the model.",
    )


@contextmanager
def _evaluating(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Switch to evaluation mode, and back to what each part was in."""
    before = [(one, one.training) for part in modules for one in part.modules()]
    try:
        for part in modules:
            part.eval()
        yield
    finally:
        for one, training in before:
            one.training = training


@contextmanager
def _listening(waiting: Mapping[int, ReSUMixing], gathered: dict[int, list[LagMoments]]) -> Iterator[None]:
    """Let the layers that wait gather the moments of what reaches them, and stop the pass there."""

    def hear(layer: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        assert isinstance(layer, ReSUMixing)
        moments = gathered.setdefault(id(layer), layer.empty_moments())
        x = arguments[0] if arguments else named["x"]
        layer.gather(moments, x, named.get("key_padding_mask"))
        raise _LayerReachedError

    hooks = [layer.register_forward_pre_hook(hear, with_kwargs=True) for layer in waiting.values()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
