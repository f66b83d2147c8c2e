r"""Kernel attention: weights proportional to a Gaussian, a polynomial or a learned kernel.

.. math:: o_i = \frac{\sum_j K(q_i, k_j)\, v_j}{\sum_j K(q_i, k_j)}

Source: Tsai et al., Transformer dissection: attention through the lens of the kernel, EMNLP 2019, Eq. 2.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from pydantic import AfterValidator, model_validator
from torch import Tensor

from lamina.errors import ArgumentError
from lamina.layers.attention.base import AttentionConfig, cleared
from lamina.layers.attention.feature_attention import FeatureAttention
from lamina.layers.attention.kernel_features import LearnedFeatures, PolynomialKernel
from lamina.layers.attention.random_features import EvenCount, TrigonometricFeatures
from lamina.layers.configuration import Count, NonNegative
from lamina.layers.layer import properties
from lamina.transforms.precision import full_precision


def _even_degree(value: int) -> int:
    if value % 2:
        raise ArgumentError(
            "degree",
            allowed="even: an odd power makes negative weights",
            got=str(value),
            remedy=f"Give {value + 1}.",
        )
    return value


class KernelAttentionConfig(AttentionConfig, frozen=True):
    """Settings of `KernelAttention`; the fields are its arguments.

    Examples
    --------
    >>> KernelAttentionConfig(hidden_dim=32, kernel_type="polynomial").degree
    2
    """

    layer: Literal["KernelAttention"] = "KernelAttention"
    kernel_type: Literal["gaussian", "polynomial", "spectral"] = "gaussian"
    rank: Count | None = None
    num_features: EvenCount | None = None
    degree: Annotated[Count, AfterValidator(_even_degree)] = 2
    offset: NonNegative = 1.0

    @model_validator(mode="after")
    def _check_use(self) -> KernelAttentionConfig:
        for name, kind in (("rank", "spectral"), ("num_features", "gaussian")):
            if getattr(self, name) is not None and self.kernel_type != kind:
                raise ArgumentError(
                    name,
                    allowed=f"None with the {self.kernel_type} kernel",
                    got=str(getattr(self, name)),
                    remedy=f"Only the {kind} kernel has it.",
                )
        return self


class KernelAttention(FeatureAttention):
    r"""Multi-head attention with a choice of kernel, in heads of size h.

    .. math:: K(q, k) = \begin{cases}
              e^{-\lVert q - k \rVert^2 / 2\sqrt{h}} & \text{gaussian} \\
              (q^T k / \sqrt{h} + c)^p & \text{polynomial} \\
              \sum_{r=1}^{R} e^{\ell_r}\, \varphi_r(q)\, \varphi_r(k) & \text{spectral}
              \end{cases}

    - gaussian: estimated by ``num_features`` random Fourier features, as in `SpectralAttention`, in linear
      time; the error falls like the root of their number.
    - polynomial: exact, in quadratic time and memory; ``return_attention`` gives the weights.
    - spectral: ``rank`` positive features with learned directions and eigenvalues, for each head its own, in
      linear time; initially the Performer's estimate of softmax attention.

    Initial output variance: 0.0158 with the gaussian kernel at a hidden size of 32, sequences of 64, 8 heads
    and 256 features (polynomial 0.017, spectral 0.0163).
    Parameters: ``4·hidden_dim² + 4·hidden_dim``, and with the spectral kernel
    ``rank·(hidden_dim + num_heads)`` more.

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    num_heads
        Number of heads; divides ``hidden_dim``.
    kernel_type
        "gaussian", "polynomial" or "spectral".
    rank
        Learned features R of each head; None for the head size. With the spectral kernel only.
    num_features
        Random features, even; None for ``hidden_dim``, and one more if that is odd. With the gaussian
        kernel only.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    degree
        p of the polynomial kernel, even, so that no weight is negative.
    offset
        c of the polynomial kernel, at least 0.
    generator
        For the initial weights and the frequencies, drawn on the CPU; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    kernel_type : str
        As given.
    rank : int or None
        Number of learned features; None without any.
    num_features : int or None
        Number of random features; None without any.
    kernel : torch.nn.Module
        `TrigonometricFeatures`, `PolynomialKernel` or `LearnedFeatures`.
    q_proj, k_proj, v_proj, out_proj : torch.nn.Linear
        The projections.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits or has no meaning for the kernel, or ``forward`` gets a
        tensor of another shape or kind.

    References
    ----------
    Tsai et al. 2019, Transformer dissection, EMNLP; Rahimi and Recht 2007, NeurIPS.

    Examples
    --------
    >>> import torch
    >>> layer = KernelAttention(hidden_dim=16, num_heads=2, kernel_type="polynomial")
    >>> y, weights = layer(torch.randn(2, 10, 16), return_attention=True)
    >>> weights.shape, torch.allclose(weights.sum(-1), torch.ones(2, 2, 10))
    (torch.Size([2, 2, 10, 10]), True)
    """

    Config = KernelAttentionConfig

    def __init__(
        self,
        hidden_dim: int,
        num_heads: int = 8,
        kernel_type: Literal["gaussian", "polynomial", "spectral"] = "gaussian",
        rank: int | None = None,
        num_features: int | None = None,
        dropout: float = 0.0,
        *,
        degree: int = 2,
        offset: float = 1.0,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = KernelAttentionConfig(
            hidden_dim=hidden_dim,
            num_heads=num_heads,
            kernel_type=kernel_type,
            rank=rank,
            num_features=num_features,
            dropout=dropout,
            degree=degree,
            offset=offset,
        )
        super().__init__(config, generator=generator, device=device, dtype=dtype)
        self.kernel_type = config.kernel_type
        self.rank: int | None = None
        self.num_features: int | None = None
        factory: dict[str, Any] = {"generator": generator, "device": device, "dtype": dtype}
        if config.kernel_type == "gaussian":
            even = config.hidden_dim + config.hidden_dim % 2
            self.num_features = even if config.num_features is None else config.num_features
            scale = self.head_dim**-0.25
            self.kernel = TrigonometricFeatures(self.head_dim, self.num_features, scale=scale, **factory)
        elif config.kernel_type == "spectral":
            self.rank = self.head_dim if config.rank is None else config.rank
            self.kernel = LearnedFeatures(self.num_heads, self.head_dim, self.rank, **factory)
        else:
            self.kernel = PolynomialKernel(self.head_dim, config.degree, config.offset)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        return_attention: bool = False,
        *,
        key_padding_mask: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor | None]:
        """Let every position attend to the kept ones.

        Parameters
        ----------
        x
            (batch, sequence, hidden), real floating, of the projections' dtype.
        mask
            (batch, sequence), True or 1 where a position is kept; holes are allowed.
        return_attention
            Return the weights as well: those of the polynomial kernel, in full precision, or None.
        key_padding_mask
            (batch, sequence), True where there is padding; a position is kept if both masks keep it.

        Returns
        -------
        Tensor or tuple
            Of the shape and dtype of ``x``, zero where a position is not kept; with ``return_attention`` the
            pair of this and (batch, heads, sequence, sequence) weights or None. Weights are zero at the keys
            and queries that are not kept.
        """
        kernel = self.kernel
        if not isinstance(kernel, PolynomialKernel):
            return super().forward(x, mask, return_attention, key_padding_mask=key_padding_mask)
        x, kept = self.checked(x, mask, key_padding_mask)
        q, k, v = self._projected(x)
        with full_precision(x):
            weights = kernel(q, k, kept)
            if kept is not None:
                weights = torch.where(kept[:, None, :, None], weights, weights.new_zeros(()))
            heads = weights @ v
        output = cleared(self._output(heads, x), kept)
        return (output, weights) if return_attention else output

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: positions are not told apart, so a circular shift passes through.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`.
        """
        linear_time = f"O(n (d² + d·{'num_features' if self.kernel_type == 'gaussian' else 'rank'}))"
        return properties(
            translation_equivariant=True,
            frequency_domain=False,
            complexity="O(n² d)" if self.kernel_type == "polynomial" else linear_time,
        )
