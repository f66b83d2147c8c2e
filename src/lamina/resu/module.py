"""A fitted unit as a torch module."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from lamina._checks import check_choice, check_integer
from lamina.errors import ArgumentTypeError, ShapeError
from lamina.resu.admission import like
from lamina.resu.answering import check_unit
from lamina.resu.module_filtering import convolve, direct_filter, fourier_filter, touched
from lamina.resu.rectification import output_columns
from lamina.stats.filter_routes import prefers_fourier

METHODS = ("auto", "direct", "fft")

# torch before 2.7 cannot tell an export from a compilation, and then both get the convolution
_is_exporting: Callable[[], bool] = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)


class ReSUModule(torch.nn.Module):
    r"""A fitted unit as a torch module: `ReSU.transform` for a batch, or one sample at a time.

    .. math:: z_t = \sum_{i=0}^{m-1} \bigl(\Psi_i\,(y_{t-i} - \rho) + \beta_i\bigr), \qquad
              \beta_i = -\Psi_i\,(\mu_i - \rho),

    summed over the lags that exist, with one constant ρ per channel (the mean, rounded to float32) so that an
    offset of any size costs no digits; then rectified as in the fit.

    Parameters
    ----------
    unit
        A fitted `ReSU`; its filters are copied.
    dtype
        Floating torch dtype of the parameters, which are prepared in float64; None for torch's default.
    device
        Where the parameters live; None for torch's default.
    method
        "direct" (a banded matrix product), "fft", or "auto": by the size of the filters.
    trainable
        Let ``weight`` be a `torch.nn.Parameter`, to be trained further; else it is a buffer.

    Attributes
    ----------
    weight : (memory, channels + 1, units)
        Ψ, oldest lag first, and β as a last channel.
    reference : (channels,)
        ρ.
    memory, channels, units, outputs : int
        Of the unit.

    Notes
    -----
    It computes in the wider of the input's and the parameters' dtype, at least in float32 and also under
    autocast, and returns the input's dtype. For half precision keep the module in float32: ``half()`` and
    ``bfloat16()`` round the filters and the offset. Rounding is relative to the terms of the sum: filters
    that take differences of a smooth signal lose in float32 what they cancel, and keep it in float64.
    NaN is a gap; infinity, which `ReSU.transform` refuses, counts as one: a module does not look into its
    data to choose what it does. While it is exported it filters by torch's convolution, whatever ``method``.
    Gradients pass through ``x`` and ``weight``, and are zero for outputs in gaps.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 4 and 10.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> import lamina
    >>> recording = np.sin(np.arange(90.0) ** 1.1)
    >>> unit = lamina.ReSU(memory=3, horizon=2, rank=2, rectify="split").fit(recording)
    >>> module = ReSUModule(unit, dtype=torch.float64)
    >>> outputs = module(torch.from_numpy(recording)[None, :, None])  # (batch, time, channels)
    >>> outputs.shape, np.allclose(outputs[0], unit.transform(recording))
    (torch.Size([1, 90, 4]), True)
    """

    weight: Tensor
    reference: Tensor
    _chosen: Tensor
    _signs: Tensor
    _floor: Tensor

    def __init__(
        self,
        unit: Any,
        *,
        dtype: torch.dtype | None = None,
        device: torch.device | str | int | None = None,
        method: str = "auto",
        trainable: bool = False,
    ) -> None:
        check_unit(unit, "filters_", "past_mean_", "modes_")
        dtype = torch.get_default_dtype() if dtype is None else dtype
        if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
            raise ArgumentTypeError(
                "dtype", allowed="a floating torch dtype", got=repr(dtype), remedy="Use torch.float32, say."
            )
        chosen = check_choice("method", method, METHODS)
        if not isinstance(trainable, bool):
            raise ArgumentTypeError(
                "trainable", allowed="True or False", got=repr(trainable), remedy="Pass a boolean."
            )
        super().__init__()
        filters, past_mean = _numpy(unit.filters_), _numpy(unit.past_mean_)
        self.units, self.memory, self.channels = filters.shape
        self.rectify = tuple(unit.modes_)
        # one word for all units has a short way
        self._word = self.rectify[0] if len(set(self.rectify)) == 1 else None
        columns = output_columns(self.rectify)
        self.outputs = len(columns)
        if chosen == "auto":
            chosen = "fft" if prefers_fourier(self.units, self.memory, self.channels) else "direct"
        self.method = chosen
        reference = _exact_in_float32(past_mean.mean(axis=0))
        per_lag = -np.sum(filters * (past_mean - reference), axis=-1)
        weight = np.concatenate([filters, per_lag[..., None]], axis=-1)[:, ::-1].transpose(1, 2, 0)
        values = torch.from_numpy(weight.copy()).to(device=device, dtype=dtype)
        if trainable:
            self.weight = torch.nn.Parameter(values)
        else:
            self.register_buffer("weight", values)
        self.register_buffer("reference", torch.from_numpy(reference).to(values))
        signs = [float(sign) for _, sign, _ in columns]
        floor = [0.0 if half else -np.inf for _, _, half in columns]
        # what the constructor alone decides stays out of the state dict
        self.register_buffer("_chosen", torch.tensor([u for u, _, _ in columns], device=values.device), False)
        self.register_buffer("_signs", torch.tensor(signs).to(values), False)
        self.register_buffer("_floor", torch.tensor(floor).to(values), False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the outputs of recordings that begin with their first sample: `ReSU.transform` for a batch.

        Parameters
        ----------
        x
            (batch, time, channels) or (time, channels), floating; NaN is a gap.

        Returns
        -------
        Tensor
            (batch, time, outputs) or (time, outputs), of the dtype of ``x``. Missing history counts as the
            mean; NaN where a window touches a gap.

        Raises
        ------
        ShapeError, ArgumentTypeError
            Other axes or channels; not floating.
        """
        self._check(x, (2, 3), "(batch, time, channels) or (time, channels)")
        with _full_precision(x):
            rows = self._centred(x if x.ndim == 3 else x[None])
            weight = self.weight.to(rows.dtype)
            finite = torch.isfinite(rows).all(dim=-1)
            rows = torch.where(finite[..., None], rows, 0.0)
            z = self._route()(rows, weight[:, : self.channels])
            z = z + _constants(weight[:, self.channels], x.shape[-2])
            outputs = self._rectified(z).to(x.dtype)
            outputs = outputs.masked_fill(touched(~finite, self.memory)[..., None], torch.nan)
        return outputs if x.ndim == 3 else outputs[0]

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take in the next sample of each recording: row t of `forward`.

        Parameters
        ----------
        x
            (batch, channels), or (channels,) for a single recording.
        state
            From `initial_state`, `final_state`, or the step before. It is not modified.

        Returns
        -------
        outputs
            (batch, outputs) or (outputs,), of the dtype of ``x``.
        state
            For the next step.

        Raises
        ------
        ShapeError, ArgumentTypeError
            Other axes or channels than the state's; not floating.
        """
        self._check(x, (1, 2), "(batch, channels) or (channels,)")
        width = self.channels + 1
        if state.shape[-1] != (self.memory - 1) * width or state.shape[:-1] != x.shape[:-1]:
            raise ShapeError(
                "state",
                allowed=f"of shape {(*x.shape[:-1], (self.memory - 1) * width)}",
                got=f"shape {tuple(state.shape)}",
                remedy="Begin with initial_state(batch_size), and pass on what step returned.",
            )
        with _full_precision(x):
            sample = x.to(state.dtype) if x.dtype.itemsize < 4 else x
            # a gap stays NaN in the state, and makes NaN of every product
            sample = torch.nan_to_num(sample - self.reference, torch.nan, torch.nan, torch.nan)
            exists = state.new_ones((*x.shape[:-1], 1))
            window = torch.cat((state, _cast(sample, state.dtype), exists), dim=-1)
            z = window @ _cast(self.weight, state.dtype).reshape(-1, self.units)
            return _cast(self._rectified(z), x.dtype), window[..., width:]

    def initial_state(self, batch_size: int | None = None) -> Tensor:
        """Return the state before the first sample, for `step`.

        Parameters
        ----------
        batch_size
            Recordings that run side by side, ≥ 1; None for a single one without a batch axis.

        Returns
        -------
        Tensor
            (batch, (memory − 1) · (channels + 1)): for every sample of the window but the next, oldest first,
            its centred channels and whether it exists. Recordings may be reordered along the first axis.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            ``batch_size`` is not an integer of at least 1.
        """
        batch = () if batch_size is None else (check_integer("batch_size", batch_size, minimum=1),)
        dtype = torch.promote_types(self.weight.dtype, torch.float32)
        return self.weight.new_zeros((*batch, (self.memory - 1) * (self.channels + 1)), dtype=dtype)

    def final_state(self, x: Tensor) -> Tensor:
        """Return the state after the last sample of recordings, so that `step` goes on where `forward` ended.

        Parameters
        ----------
        x
            As in `forward`.

        Returns
        -------
        Tensor
            As `initial_state`.

        Raises
        ------
        ShapeError, ArgumentTypeError
            As `forward`.
        """
        self._check(x, (2, 3), "(batch, time, channels) or (time, channels)")
        rows = torch.nan_to_num(self._centred(x), torch.nan, torch.nan, torch.nan)
        rows = pad(pad(rows, (0, 1), value=1.0), (0, 0, self.memory - 1, 0))[..., x.shape[-2] :, :]
        return rows.flatten(-2).to(torch.promote_types(self.weight.dtype, torch.float32))

    def stepper(self) -> ReSUStep:
        """Return `step` as the ``forward`` of a module that shares the weights, for exports."""
        return ReSUStep(self)

    @property
    def filters(self) -> Tensor:
        """Ψ, (units, memory, channels), newest lag first, as in the unit."""
        return self.weight[:, : self.channels].flip(0).permute(2, 0, 1)

    def extra_repr(self) -> str:
        """Say what the module's printed form shows."""
        return (
            f"channels={self.channels}, memory={self.memory}, units={self.units}, outputs={self.outputs}, "
            f"rectify={self._word or self.rectify}, method={self.method}, "
            f"trainable={isinstance(self.weight, torch.nn.Parameter)}"
        )

    def _check(self, x: Tensor, axes: tuple[int, int], shapes: str) -> None:
        if not isinstance(x, Tensor) or not x.is_floating_point():
            raise ArgumentTypeError(
                "x",
                allowed="a floating torch tensor",
                got=f"dtype {x.dtype}" if isinstance(x, Tensor) else type(x).__name__,
                remedy="Convert it by torch.as_tensor(x, dtype=torch.float32).",
            )
        if x.ndim not in axes or x.shape[-1] != self.channels:
            raise ShapeError(
                "x",
                allowed=f"of shape {shapes} with {self.channels} channel(s)",
                got=f"shape {tuple(x.shape)}",
                remedy="Channels are the last axis, also where there is one.",
            )

    def _route(self) -> Callable[[Tensor, Tensor], Tensor]:
        if _is_exporting():
            return convolve
        return fourier_filter if self.method == "fft" else direct_filter

    def _centred(self, x: Tensor) -> Tensor:
        dtype = torch.promote_types(torch.promote_types(x.dtype, self.weight.dtype), torch.float32)
        return x.to(dtype) - self.reference

    def _rectified(self, z: Tensor) -> Tensor:
        if self._word == "none":
            return z
        if self._word == "on":
            return torch.relu(z)
        if self._word == "off":
            return torch.relu(-z)
        if self._word == "split":
            return torch.relu(torch.stack((z, -z), dim=-1).flatten(-2))
        signed = z.index_select(-1, self._chosen) * self._signs.to(z.dtype)
        return torch.maximum(signed, self._floor.to(z.dtype))


class ReSUStep(torch.nn.Module):
    """`ReSUModule.step` as a module of its own.

    Parameters
    ----------
    module
        Whose step it is; the two share their parameters.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> import lamina
    >>> module = ReSUModule(lamina.ReSU(memory=3, horizon=2, rank=1).fit(np.sin(np.arange(90.0) ** 1.1)))
    >>> outputs, state = ReSUStep(module)(torch.zeros(5, 1), module.initial_state(5))
    >>> outputs.shape
    torch.Size([5, 1])
    """

    def __init__(self, module: ReSUModule) -> None:
        super().__init__()
        self.module = module
        self.train(module.training)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take in the next sample of each recording, as `ReSUModule.step`.

        Parameters
        ----------
        x
            (batch, channels), or (channels,) for a single recording.
        state
            From `ReSUModule.initial_state`, or the step before.

        Returns
        -------
        outputs, state
            As `ReSUModule.step`.
        """
        return self.module.step(x, state)


def _constants(per_lag: Tensor, time: int) -> Tensor:
    """Return Σ β_i over the lags i ≤ t, for t = 0 … time − 1, from (memory, units), oldest lag first."""
    sums = torch.cumsum(per_lag.flip(0), dim=0)
    return sums[-1] + pad(sums - sums[-1], (0, 0, 0, time))[:time]


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    # asking first is quicker than a cast that does nothing, of which a step would have three
    return tensor if tensor.dtype == dtype else tensor.to(dtype)


def _full_precision(x: Tensor) -> Any:
    """Keep autocast from rounding the products."""
    kind = x.device.type
    # tensors without values know no autocast
    rounds = kind != "meta" and torch.is_autocast_enabled(kind)
    return torch.autocast(kind, enabled=False) if rounds else nullcontext()


def _exact_in_float32(mean: np.ndarray) -> np.ndarray:
    """Round to numbers that casting between float32 and float64 leaves alone, where they are in its range."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = mean.astype(np.float32).astype(np.float64)
    return np.where(np.abs(rounded - mean) <= 1e-6 * np.abs(mean), rounded, mean)


def _numpy(array: Any) -> np.ndarray:
    """Return a copy in NumPy and float64, whatever library and device the unit was fitted in."""
    return np.array(like(array, np.empty(0)))
