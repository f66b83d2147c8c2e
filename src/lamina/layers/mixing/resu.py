r"""Mixing by rectified spectral units: past-future filters, fitted to the layer's own input, then rectified.

.. math:: z_t = \sum_{i=0}^{m-1} \Psi_i\,(x_{t-i} - \mu_i), \qquad y_t = [\max(z_t, 0);\ \max(-z_t, 0)]

with Ψ from the canonical correlation analysis of past and future. Source: Qin et al. 2025, arXiv:2512.23146,
Eqs. 3 to 7 (the filters), 4 and 10 (the unit). Nothing here is learned by gradients.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import pad

from lamina.errors import StateError
from lamina.layers.layer import check_position, check_sequence, properties
from lamina.layers.masking import prefix_lengths
from lamina.layers.mixing.base import MixingLayer
from lamina.layers.mixing.resu_configuration import ReSUMixingConfig
from lamina.layers.mixing.resu_filters import arranged, gather, grouped_filter, solve
from lamina.stats import LagMoments
from lamina.transforms.precision import full_precision, working_dtype
from lamina.transforms.prefix import within
from lamina.typing import Rectify


class ReSUState(NamedTuple):
    """What `ReSUMixing.step` remembers.

    Attributes
    ----------
    window
        (batch, memory − 1, hidden): the samples before, oldest first, with the mean taken off; zero where
        there was none.
    seen
        (batch,) how many samples came before.
    """

    window: Tensor
    seen: Tensor


class ReSUMixing(MixingLayer):
    r"""Units that keep of the past what foretells the future, rectified into ON and OFF.

    .. math:: z_t = \sum_{i=0}^{\min(t,\,m-1)} \Psi_i\,(x_{t-i} - \mu_i), \qquad
              \Psi = V_r^\top C_{pp}^{-1/2}, \qquad C_{ff}^{-1/2} C_{fp} C_{pp}^{-1/2} = U \Sigma V^\top

    with past :math:`p_t = [x_t; \ldots; x_{t-m+1}]` and future :math:`f_t = [x_{t+g}; \ldots; x_{t+g+h-1}]`
    of each group of w = hidden_dim / groups neighbouring channels. The r units of a group give r outputs, or
    2 r with "split" (ON and OFF side by side), in the first channels of the group; channels that are left
    over are zero. With "split" and "none" nothing of z is lost: :math:`z = z^+ - z^-`.

    The filters come from `fit`, in closed form and without gradients; `fit_encoder` fits several layers, one
    after the other. Before that there is nothing to filter with, and ``forward`` raises.

    Initial output variance: 0.34 (fitted to white input, with "split": each half of a unit of variance 1 has
    (1 − 1/π)/2 = 0.34, the first positions less); 1 with "none". Parameters: none; filters are buffers.

    Parameters
    ----------
    hidden_dim
        Size d of the last axis.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    norm_eps
        Kept for the methods of `MixingLayer`.
    memory, horizon
        m, positions of the past that a filter sees, the present one included, and h, positions of the future
        that it is to foretell, ≥ 1.
    rank
        r, units of a group. None for as many as its channels hold: w/2 with "split", rounded down, else w.
    rectify
        "split" (ON, then OFF: two outputs per unit), "on", "off" or "none".
    groups
        Into how many groups of neighbouring channels d is cut, a divisor of it; hidden_dim for single
        channels, each with filters of its own. Past and future of a group are w·m and w·h wide: fitting takes
        8 (w (m + g + h − 1))² bytes per group for the moments, and a time that grows with the cube of w·m.
    gap
        g, steps from the present to the first position of the future, ≥ 1.
    center
        Take the means off.
    ridge
        Adds ridge · tr(C)/d · I to the covariances of past and future, ≥ 0.

    Attributes
    ----------
    filters : (groups, units, memory, w)
        Ψ, newest lag first; a buffer.
    reference, offsets : (hidden,), (groups, units, memory)
        The mean over lags, which is taken off the input, and what remains of the means, filtered.
    canonical_correlations : (groups, units)
        σ, descending in each group; zero for units that the data had no directions for.
    fitted : bool
        Whether there are filters. It is in the state dict as ``has_filters``.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind.
    lamina.errors.StateError
        When ``forward`` or ``step`` is called before the layer is fitted.

    Notes
    -----
    On CUDA devices torch's convolutions round float32 to ten bits, unless
    ``torch.backends.cudnn.allow_tf32 = False``; `step` does not.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 3 to 7 and 10.

    Examples
    --------
    >>> import torch
    >>> x = torch.randn(20, 100, 4, generator=torch.Generator().manual_seed(0)).cumsum(1)
    >>> layer = ReSUMixing(hidden_dim=4, memory=3, horizon=2, groups=2).fit(x)
    >>> layer(x).shape, layer.filters.shape
    (torch.Size([20, 100, 4]), torch.Size([2, 1, 3, 2]))
    >>> y, state = layer.step(x[:, 0])
    >>> torch.allclose(y, layer(x)[:, 0])
    True
    """

    Config = ReSUMixingConfig
    parameter_free = True

    filters: Tensor
    reference: Tensor
    offsets: Tensor
    canonical_correlations: Tensor
    has_filters: Tensor

    def __init__(
        self,
        hidden_dim: int,
        dropout: float = 0.0,
        norm_eps: float = 1e-5,
        memory: int = 8,
        horizon: int = 8,
        rank: int | None = None,
        rectify: Rectify = "split",
        groups: int = 1,
        gap: int = 1,
        center: bool = True,
        ridge: float = 0.0,
    ) -> None:
        config = ReSUMixingConfig(
            hidden_dim=hidden_dim,
            dropout=dropout,
            norm_eps=norm_eps,
            memory=memory,
            horizon=horizon,
            rank=rank,
            rectify=rectify,
            groups=groups,
            gap=gap,
            center=center,
            ridge=ridge,
        )
        super().__init__(config)
        self.memory, self.horizon, self.gap = config.memory, config.horizon, config.gap
        self.rank, self.rectify, self.groups = config.units, config.rectify, config.groups
        self.center, self.ridge = config.center, config.ridge
        self._width = config.width
        self._moments: list[LagMoments] | None = None
        # kept beside the buffer, which may not be looked at while a layer is compiled
        self._fitted = False
        self.register_buffer("filters", torch.zeros(self.groups, self.rank, self.memory, self._width))
        self.register_buffer("reference", torch.zeros(self.hidden_dim))
        self.register_buffer("offsets", torch.zeros(self.groups, self.rank, self.memory))
        self.register_buffer("canonical_correlations", torch.zeros(self.groups, self.rank))
        self.register_buffer("has_filters", torch.tensor(False))
        self.register_load_state_dict_post_hook(_after_loading)

    @property
    def fitted(self) -> bool:
        """Whether there are filters, by `fit` or from a state dict."""
        return self._fitted

    def fit(self, x: Tensor, key_padding_mask: Tensor | None = None) -> Self:
        """Find the filters for a batch, whatever was fitted before.

        Parameters
        ----------
        x
            (batch, sequence, hidden), floating; each sample is a recording of its own. NaN is a gap.
        key_padding_mask
            (batch, sequence), True where there is padding, on the right only.

        Returns
        -------
        ReSUMixing
            This layer.

        Raises
        ------
        lamina.errors.DataError
            When fewer than two windows of memory + gap + horizon − 1 positions fit into the samples, nothing
            varies, or a value is infinite. The layer is as it was then.

        Warns
        -----
        RankDeficientWarning, FewWindowsWarning
            When the data have fewer directions than units, or fewer windows than directions.
        """
        moments = self.empty_moments()
        self.gather(moments, x, key_padding_mask)
        self.solve(moments)
        return self

    def partial_fit(self, x: Tensor, key_padding_mask: Tensor | None = None) -> Self:
        """Find the filters for this batch and all those before, since the last `fit`.

        Batches in any number and order add up to one `fit` of them all. The filters are found anew each time;
        until there are two windows, there are none.

        Parameters
        ----------
        x, key_padding_mask
            As in `fit`.

        Returns
        -------
        ReSUMixing
            This layer.

        Raises
        ------
        lamina.errors.DataError
            As `fit`, but too little is waited out.
        lamina.errors.StateError
            When the filters came from a state dict: it does not hold the data's moments.
        """
        if self._moments is None and self.fitted:
            raise StateError(
                "partial_fit has nothing to go on from: a state dict holds filters, and not the moments of "
                "the data that they were fitted to. Call fit."
            )
        moments = self.empty_moments() if self._moments is None else self._moments
        self.gather(moments, x, key_padding_mask)
        self._moments = moments
        if moments[0].n_windows >= 2:
            self.solve(moments)
        return self

    def empty_moments(self) -> list[LagMoments]:
        """Return moments of no data, one for each group, for `gather` and `solve`."""
        return [LagMoments(self.memory, self.horizon, self.gap, self._width) for _ in range(self.groups)]

    def gather(self, moments: list[LagMoments], x: Tensor, key_padding_mask: Tensor | None = None) -> None:
        """Add a batch to moments; the filters stay as they are.

        Moments can be gathered by several processes and merged (`lamina.stats.LagMoments.merge`).

        Parameters
        ----------
        moments
            From `empty_moments`; changed in place.
        x, key_padding_mask
            As in `fit`.
        """
        check_sequence(x, self.hidden_dim)
        gather(moments, x, prefix_lengths(key_padding_mask, x))

    def solve(self, moments: list[LagMoments]) -> None:
        """Find the filters for moments, and keep both.

        Parameters
        ----------
        moments
            From `gather`.
        """
        found = solve(moments, self.rank, center=self.center, ridge=self.ridge)
        arrays = arranged(found, self.reference.dtype)
        with torch.no_grad():
            for buffer, values in zip(self._fitted_buffers(), arrays, strict=True):
                buffer.copy_(torch.from_numpy(values))
            self.has_filters.fill_(True)
        self._moments, self._fitted = moments, True

    def forward(self, x: Tensor, *, key_padding_mask: Tensor | None = None) -> Tensor:
        """Filter each group of channels, causally, and rectify.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating; half precision is computed in float32. What lies before
            the first position counts as the mean.
        key_padding_mask
            (batch, sequence), True where there is padding, on the right only; padded outputs are zero.

        Returns
        -------
        Tensor
            Of the shape and dtype of ``x``.
        """
        check_sequence(x, self.hidden_dim)
        lengths = prefix_lengths(key_padding_mask, x)
        self._check_fitted()
        inside = None if lengths is None else within(lengths, x.shape[1])[..., None]
        rows = self._centred(x)
        if inside is not None:
            rows = torch.where(inside, rows, 0.0)
        with full_precision(x):
            z = grouped_filter(rows, self.filters.to(rows.dtype))
        lags = torch.arange(x.shape[1], device=x.device).clamp(max=self.memory - 1)
        z = z + self._constants(rows.dtype)[lags]
        y = self._placed(z)
        if inside is not None:
            y = torch.where(inside, y, 0.0)
        return self.dropout(y.to(x.dtype))

    def step(self, x_t: Tensor, state: ReSUState | None = None) -> tuple[Tensor, ReSUState]:
        """Take in the next position of each sample: `forward` one position at a time, in evaluation mode.

        Parameters
        ----------
        x_t
            (batch, hidden).
        state
            What the step before returned; None at the start. It is not modified.

        Returns
        -------
        y : Tensor
            (batch, hidden), of the dtype of ``x_t``.
        state : ReSUState
            For the next step.
        """
        check_position("x_t", x_t, self.hidden_dim)
        self._check_fitted()
        row = self._centred(x_t)
        if state is None:
            window = row.new_zeros(x_t.shape[0], self.memory - 1, self.hidden_dim)
            state = ReSUState(window, torch.zeros(x_t.shape[0], dtype=torch.int64, device=x_t.device))
        window = torch.cat([state.window, row[:, None]], dim=1)
        with full_precision(x_t):
            grouped = window.unflatten(2, (self.groups, self._width))
            z = torch.einsum("bigc,gric->bgr", grouped, self.filters.to(row.dtype).flip(2))
        z = z + self._constants(row.dtype)[state.seen.clamp(max=self.memory - 1)]
        return self._placed(z).to(x_t.dtype), ReSUState(window[:, 1:], state.seen + 1)

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: it is causal; without rectification and centring it is linear.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        return properties(
            linear=self.rectify == "none" and not self.center,
            causal=True,
            frequency_domain=False,
            complexity="O(n d m r), r units in each group that see m positions",
        )

    def _check_fitted(self) -> None:
        if not self._fitted:
            raise StateError(
                "This ReSUMixing has no filters yet. Call fit on its input, or "
                "lamina.layers.fit_encoder on the model that it is in, or load a state dict."
            )

    def _fitted_buffers(self) -> tuple[Tensor, ...]:
        return self.filters, self.reference, self.offsets, self.canonical_correlations

    def _centred(self, x: Tensor) -> Tensor:
        dtype = torch.promote_types(working_dtype(x.dtype), working_dtype(self.filters.dtype))
        return x.to(dtype) - self.reference.to(dtype)

    def _constants(self, dtype: torch.dtype) -> Tensor:
        """Sum the offsets of the lags that exist after 1, 2, …, m positions: (memory, groups, units)."""
        return self.offsets.to(dtype).cumsum(-1).permute(2, 0, 1)

    def _placed(self, z: Tensor) -> Tensor:
        """Rectify (..., groups, units) and lay the outputs into the channels of each group."""
        if self.rectify == "split":
            z = torch.relu(torch.stack((z, -z), dim=-1).flatten(-2))
        elif self.rectify != "none":
            z = torch.relu(z if self.rectify == "on" else -z)
        return pad(z, (0, self._width - z.shape[-1])).flatten(-2)


def _after_loading(layer: torch.nn.Module, _: Any) -> None:
    """Know whether a state dict that was just loaded has filters; the moments are of other data now."""
    assert isinstance(layer, ReSUMixing)
    if layer.has_filters.device.type != "meta":
        layer._fitted, layer._moments = bool(layer.has_filters), None
