r"""Attention by random features, block by block, with its gradient: features stay in the cache.

.. math:: o_i = \frac{\sum_r \varphi_r(q_i) \sum_j \varphi_r(k_j)\, e^{b_j} v_j}
                     {\sum_r \varphi_r(q_i) \sum_j \varphi_r(k_j)\, e^{b_j}}

The features of a whole batch, (batch, heads, sequence, features), are as large as the input many times over;
to write them to new memory costs more than to compute them. Here a few heads are taken at a time, in memory
that is used again. Nothing of that size is kept for the backward pass, which computes the features anew, as
FlashAttention does with weights (Dao et al., NeurIPS 2022, Section 3.1).

Exponential features need no denominators. With :math:`a_{ir} = \omega_r^T q_i` and
:math:`c_{jr} = \omega_r^T k_j + b_j` they are two softmaxes, one after the other:

.. math:: o_i = \sum_r \operatorname{softmax}_r(a_{ir} + \ell_r)\, M_r, \qquad
          M_r = \sum_j \operatorname{softmax}_j(c_{jr})\, v_j, \qquad \ell_r = \log \sum_j e^{c_{jr}}

The numbers are those of `linear_attention`, which takes its place wherever plain operators are wanted: on
accelerators, in compiled, exported and vectorised code, and when a gradient is differentiated again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from lamina.layers.attention.linear_attention import SMALLEST_SUM, Features, linear_attention
from lamina.layers.masking import can_look
from lamina.transforms.precision import full_precision

# numbers of one thread's share of a block: a mebibyte in float32, of which the cache holds two
BLOCK = 1 << 18


class Inputs(NamedTuple):
    """What attention by random features is computed from.

    Attributes
    ----------
    q, k, v
        (pairs, sequence, head_dim), contiguous: a pair is a sample and a head.
    bias
        (pairs, sequence, 1): :math:`b_j`.
    frequencies
        (frequencies, head_dim).
    """

    q: Tensor
    k: Tensor
    v: Tensor
    bias: Tensor
    frequencies: Tensor


class Made(NamedTuple):
    """The output (pairs, sequence, head_dim), and what is kept for the backward pass.

    Attributes
    ----------
    output
        (pairs, sequence, head_dim).
    positions
        (pairs, sequence, 1).
    pairs
        (pairs, features, head_dim + 1).
    """

    output: Tensor
    positions: Tensor
    pairs: Tensor


class Gradients(NamedTuple):
    """Of the inputs, and of their shapes."""

    q: Tensor
    k: Tensor
    v: Tensor
    bias: Tensor


class Recipe(ABC):
    """How one block of pairs is computed; all it makes of the size of the features goes to given memory."""

    # numbers of a feature map that one frequency yields
    per_frequency = 1

    @abstractmethod
    def forward(self, given: Inputs, memory: Memory, made: Made) -> None:
        """Compute the output, what else each position needs to keep, and what each pair."""

    @abstractmethod
    def backward(
        self, given: Inputs, memory: Memory, made: Made, gradient: Tensor, gradients: Gradients
    ) -> None:
        """Compute the gradients of q, k, v and bias."""

    @abstractmethod
    def plain(self, given: Inputs) -> Tensor:
        """Compute the output by plain operators."""


class Memory:
    """Memory of the features of a block, of as much for their gradient, and of projections."""

    def __init__(self, given: Inputs, recipe: Recipe) -> None:
        pairs, self._count, _ = given.q.shape
        frequencies = given.frequencies.shape[0]
        self._features = frequencies * recipe.per_frequency
        share = BLOCK * torch.get_num_threads() // max(1, self._count * self._features)
        self.pairs = max(1, min(pairs, share))
        self._widths = (self._features, self._features, frequencies, frequencies)
        self._pieces: dict[int, Tensor] = {}
        self._like = given.q

    def take(self, number: int, pairs: int) -> Tensor:
        """(pairs, sequence, features) for 0 and 1, (pairs, sequence, frequencies) for 2 and 3."""
        if number not in self._pieces:
            self._pieces[number] = self._like.new_empty(self.pairs, self._count, self._widths[number])
        return self._pieces[number][:pairs]


class Exponential(Recipe):
    r""":math:`\varphi_r(x) = e^{\omega_r^T x}`."""

    def forward(self, given: Inputs, memory: Memory, made: Made) -> None:
        """Keep for each position the logarithm of its sum, for each pair M and ℓ."""
        q, k, v, bias, frequencies = given
        features = memory.take(0, len(q))
        _product(k, frequencies, features)
        features += bias
        largest = features.amax(dim=1, keepdim=True)
        features.sub_(largest).exp_()
        total = features.sum(dim=1)[..., None]
        means = torch.bmm(features.mT, v).div_(total)
        logs = total.log_().add_(largest.mT)
        torch.cat([means, logs], dim=2, out=made.pairs)
        _product(q, frequencies, features)
        features += logs.mT
        torch.amax(features, dim=2, keepdim=True, out=made.positions)
        features.sub_(made.positions).exp_()
        total = features.sum(dim=2, keepdim=True)
        torch.bmm(features, means, out=made.output)
        made.output.div_(total)
        made.positions.add_(total.log_())

    def backward(
        self, given: Inputs, memory: Memory, made: Made, gradient: Tensor, gradients: Gradients
    ) -> None:
        """Go back through both softmaxes."""
        q, k, v, bias, frequencies = given
        means, logs = (part.contiguous() for part in made.pairs.split([v.shape[2], 1], dim=2))
        weights, change = memory.take(0, len(q)), memory.take(1, len(q))
        # softmax of the queries over the features
        _outer((q, None), (frequencies.expand(len(q), -1, -1), logs), weights)
        weights.sub_(made.positions).exp_()
        _outer((gradient, (gradient * made.output).sum(dim=2, keepdim=True).neg_()), (means, None), change)
        change.mul_(weights)
        _back(change, frequencies, gradients.q)
        for_means = torch.bmm(weights.mT, gradient)
        for_logs = change.sum(dim=1)[..., None]
        # softmax of the keys over the positions
        _outer((k, None), (frequencies.expand(len(q), -1, -1), -logs), weights)
        weights.add_(bias).exp_()
        _outer((v, None), (for_means, for_logs - (for_means * means).sum(dim=2, keepdim=True)), change)
        change.mul_(weights)
        _back(change, frequencies, gradients.k)
        torch.bmm(weights, for_means, out=gradients.v)
        torch.sum(change, dim=2, keepdim=True, out=gradients.bias)

    def plain(self, given: Inputs) -> Tensor:
        """Exponents, which `linear_attention` overwrites."""
        queries, keys = (x @ given.frequencies.mT for x in (given.q, given.k))
        return linear_attention(Features(None, queries), Features(None, keys + given.bias), given.v)


class Valued(Recipe):
    """Features that are no exponentials, and may be negative: numerators and denominators."""

    @abstractmethod
    def features(self, x: Tensor, frequencies: Tensor, memory: Memory) -> Tensor:
        """Compute the features of x, in piece 0 of the memory."""

    @abstractmethod
    def plain_features(self, angles: Tensor) -> Tensor:
        """Compute features by plain operators."""

    @abstractmethod
    def angles(self, features: Tensor, gradient: Tensor, memory: Memory) -> Tensor:
        """Compute the gradient of the projections from that of the features, which is overwritten."""

    def forward(self, given: Inputs, memory: Memory, made: Made) -> None:
        """Keep for each position its denominator, for each pair the sums over its keys."""
        weight = _relative(given.bias)
        features = self.features(given.k, given.frequencies, memory).mT
        sums, total = torch.bmm(features, given.v * weight), torch.bmm(features, weight)
        torch.cat([sums, total], dim=2, out=made.pairs)
        features = self.features(given.q, given.frequencies, memory)
        torch.bmm(features, sums, out=made.output)
        torch.bmm(features, total, out=made.positions)
        made.output.div_(_denominator(made.positions)[1])

    def backward(
        self, given: Inputs, memory: Memory, made: Made, gradient: Tensor, gradients: Gradients
    ) -> None:
        """Go back through the division, the sums and the features."""
        q, k, v, bias, frequencies = given
        change = memory.take(1, len(q))
        fixed, denominator = _denominator(made.positions)
        upper = gradient / denominator
        lower = (upper * made.output).sum(dim=2, keepdim=True).neg_().masked_fill_(fixed, 0)
        features = self.features(q, frequencies, memory)
        for_sums, for_total = torch.bmm(features.mT, upper), torch.bmm(features.mT, lower)
        torch.bmm(torch.cat([upper, lower], dim=2), made.pairs.mT, out=change)
        _back(self.angles(features, change, memory), frequencies, gradients.q)
        features, weight = self.features(k, frequencies, memory), _relative(bias)
        torch.bmm(features, for_sums, out=gradients.v)
        for_weight = torch.bmm(features, for_total) + (gradients.v * v).sum(dim=2, keepdim=True)
        torch.mul(for_weight, weight, out=gradients.bias)
        gradients.v.mul_(weight)
        _outer((v * weight, weight), (for_sums, for_total), change)
        _back(self.angles(features, change, memory), frequencies, gradients.k)

    def plain(self, given: Inputs) -> Tensor:
        """Values and exponents; these are overwritten."""
        queries, keys = (self.plain_features(x @ given.frequencies.mT) for x in (given.q, given.k))
        return linear_attention(Features(queries, None), Features(keys, given.bias.clone()), given.v)


class Trigonometric(Valued):
    r""":math:`\varphi(x) = [\cos \omega_r^T x, \sin \omega_r^T x]`."""

    per_frequency = 2

    def features(self, x: Tensor, frequencies: Tensor, memory: Memory) -> Tensor:
        """Cosines and sines."""
        half = len(frequencies)
        features, angle = memory.take(0, len(x)), memory.take(2, len(x))
        _product(x, frequencies, angle)
        # several threads are slow at functions of what does not lie in one piece
        features[..., :half] = torch.cos(angle, out=memory.take(3, len(x)))
        features[..., half:] = angle.sin_()
        return features

    def angles(self, features: Tensor, gradient: Tensor, memory: Memory) -> Tensor:
        """One's gradient is the other's value, with a sign."""
        half = features.shape[2] // 2
        angle = memory.take(2, len(features))
        torch.mul(gradient[..., half:], features[..., :half], out=angle)
        return angle.addcmul_(gradient[..., :half], features[..., half:], value=-1)

    def plain_features(self, angles: Tensor) -> Tensor:
        """Cosines and sines."""
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class Rectified(Valued):
    r""":math:`\varphi_r(x) = \max(0, \omega_r^T x) + \varepsilon`."""

    def __init__(self, smallest: float) -> None:
        self.smallest = smallest

    def features(self, x: Tensor, frequencies: Tensor, memory: Memory) -> Tensor:
        """Rectified projections."""
        features = memory.take(0, len(x))
        _product(x, frequencies, features)
        return features.relu_().add_(self.smallest)

    def angles(self, features: Tensor, gradient: Tensor, memory: Memory) -> Tensor:
        """Stop where it was rectified."""
        return torch.ops.aten.threshold_backward.grad_input(
            gradient, features, self.smallest, grad_input=gradient
        )

    def plain_features(self, angles: Tensor) -> Tensor:
        """Rectified projections."""
        return angles.relu() + self.smallest


def is_blockwise(given: Inputs) -> bool:
    """Whether nothing asks for plain operators: no accelerator, compiler, transform or learned frequency."""
    return all(
        x.device.type == "cpu" and can_look(x) and forward_ad.unpack_dual(x).tangent is None for x in given
    ) and not (torch.is_grad_enabled() and given.frequencies.requires_grad)


def blockwise_attention(given: Inputs, recipe: Recipe) -> Tensor:
    """Let queries attend to keys: (pairs, sequence, head_dim)."""
    return BlockwiseAttention.apply(*given, recipe)[0]  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]


class BlockwiseAttention(torch.autograd.Function):
    """Attention by random features with its gradient, by a recipe."""

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        q: Tensor, k: Tensor, v: Tensor, bias: Tensor, frequencies: Tensor, recipe: Recipe
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the output, and what the backward pass needs of each position and each pair."""
        given = Inputs(q, k, v, bias, frequencies)
        memory = Memory(given, recipe)
        features = len(frequencies) * recipe.per_frequency
        made = Made(
            torch.empty_like(v), torch.empty_like(bias), v.new_empty(len(v), features, v.shape[2] + 1)
        )
        for start in range(0, len(q), memory.pairs):
            part = slice(start, start + memory.pairs)
            recipe.forward(_part(given, part), memory, Made(*(one[part] for one in made)))
        return made.output, made.positions, made.pairs

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
        """Keep the inputs, the outputs and what is small of what was computed between."""
        *tensors, ctx.recipe = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors, *output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Compute the gradients of q, k, v and bias; as a graph, if they are to be differentiated."""
        if gradient is None:
            return (None,) * 6
        given, kept = Inputs(*ctx.saved_tensors[:5]), ctx.saved_tensors[5:]
        with full_precision(gradient):
            if torch.is_grad_enabled():
                # of views: the bias may come from k, and what goes that way is its own gradient's
                q, k, v, bias = views = [one.view_as(one) for one in given[:4]]
                plain = ctx.recipe.plain(Inputs(q, k, v, bias, given.frequencies))
                needed = ctx.needs_input_grad[:4]
                wanted = [view for view, is_needed in zip(views, needed, strict=True) if is_needed]
                found = iter(torch.autograd.grad(plain, wanted, gradient, create_graph=True))
                return *(next(found) if is_needed else None for is_needed in needed), None, None
            memory = Memory(given, ctx.recipe)
            made, gradient = Made(*kept), gradient.contiguous()
            gradients = Gradients(*(torch.empty_like(one) for one in given[:4]))
            for start in range(0, len(given.q), memory.pairs):
                part = slice(start, start + memory.pairs)
                ctx.recipe.backward(
                    _part(given, part),
                    memory,
                    Made(*(one[part] for one in made)),
                    gradient[part],
                    Gradients(*(one[part] for one in gradients)),
                )
        return *gradients, None, None


def _part(given: Inputs, part: slice) -> Inputs:
    q, k, v, bias, frequencies = given
    return Inputs(q[part], k[part], v[part], bias[part], frequencies)


def _product(x: Tensor, frequencies: Tensor, out: Tensor) -> None:
    torch.mm(x.flatten(0, 1), frequencies.mT, out=out.view(-1, len(frequencies)))


def _back(change: Tensor, frequencies: Tensor, out: Tensor) -> None:
    torch.mm(change.flatten(0, 1), frequencies, out=out.flatten(0, 1))


def _outer(x: tuple[Tensor, Tensor | None], y: tuple[Tensor, Tensor | None], out: Tensor) -> None:
    """Compute x yᵀ of two matrices that have one more column each, of ones for None, by one product."""
    joined = [
        torch.cat([one, one.new_ones(()).expand(*one.shape[:2], 1) if more is None else more], dim=2)
        for one, more in (x, y)
    ]
    torch.bmm(joined[0], joined[1].mT, out=out)


def _denominator(total: Tensor) -> tuple[Tensor, Tensor]:
    """Which sums are too small, and what to divide by: as `divided`."""
    small = total.abs() < SMALLEST_SUM
    least = torch.full_like(total, SMALLEST_SUM).copysign_(total)
    return small, torch.where(small, least, total)


def _relative(bias: Tensor) -> Tensor:
    return (bias - bias.amax(dim=1, keepdim=True)).exp_()
