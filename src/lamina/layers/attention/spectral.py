r"""Spectral attention: softmax or Gaussian-kernel attention, estimated by random Fourier features.

.. math:: o_i = \frac{\varphi(q_i)^T \sum_j \varphi(k_j)\, v_j^T}{\varphi(q_i)^T \sum_j \varphi(k_j)}

Sources: Rahimi and Recht, Random features for large-scale kernel machines, NeurIPS 2007; Peng et al., Random
feature attention, ICLR 2021, Eq. 5.
"""

from __future__ import annotations

from typing import Any, Literal, cast

import torch
from torch import Tensor

from lamina.errors import ShapeError, StateError
from lamina.layers.attention.base import AttentionConfig
from lamina.layers.attention.causal_linear_attention import causal_linear_attention, extended
from lamina.layers.attention.feature_attention import FeatureAttention
from lamina.layers.attention.linear_attention import (
    Sums,
    divided,
    looked_up,
    masked_keys,
    with_ones,
)
from lamina.layers.attention.random_features import EvenCount, RandomFeatureMap, TrigonometricFeatures
from lamina.layers.configuration import Count, Flag
from lamina.layers.layer import properties
from lamina.transforms.precision import check_tensor, full_precision


class SpectralAttentionConfig(AttentionConfig, frozen=True):
    """Settings of `SpectralAttention`; the fields are its arguments.

    Examples
    --------
    >>> SpectralAttentionConfig(hidden_dim=33, num_heads=3).feature_count()
    34
    """

    layer: Literal["SpectralAttention"] = "SpectralAttention"
    num_features: EvenCount | None = None
    head_dim: Count | None = None
    kernel_type: Literal["gaussian", "softmax"] = "softmax"
    use_orthogonal: Flag = True
    feature_redraw: Flag = False
    use_bias: Flag = True
    causal: Flag = False

    def head_size(self) -> int:
        """Size of one head: as given, or hidden_dim / num_heads."""
        return super().head_size() if self.head_dim is None else self.head_dim

    def feature_count(self) -> int:
        """Count the features: as given, or hidden_dim, and one more if that is odd."""
        return self.hidden_dim + self.hidden_dim % 2 if self.num_features is None else self.num_features


class SpectralAttention(FeatureAttention):
    r"""Multi-head attention in linear time with random Fourier features.

    .. math:: o_i = \frac{\sum_j \hat K(q_i, k_j)\, v_j}{\sum_j \hat K(q_i, k_j)}, \qquad
              \hat K(q, k) = \varphi(q)^T \varphi(k) \approx
              e^{q^T k / \sqrt{h}} \;\text{ or }\; e^{-\lVert q - k \rVert^2 / 2 \sqrt{h}}

    with heads of size h, and :math:`\varphi` the cosines and sines of m/2 random frequencies, which all heads
    share. As m grows this becomes softmax attention (``kernel_type="softmax"``), or attention with a Gaussian
    kernel, and the error falls like :math:`m^{-1/2}`.

    Measured on heads of 32 and 64 keys, root mean square error over that of the exact output: with logits of
    standard deviation 0.25 it is 0.39, 0.17, 0.09 and 0.05 for 64, 256, 1024 and 4096 features (Gaussian:
    0.36, 0.16, 0.08, 0.04). At logits of deviation 1 the estimate is useless: the error is above 50 for all
    of these, since some sums of weights nearly vanish; use `PerformerAttention` there, or smaller queries
    and keys.

    Estimated weights can be negative, and so can their sum. A sum that is smaller in size than a thousandth
    of the largest weight, far inside the error of the estimate, counts as that, with its sign: outputs are
    finite for all norms.

    Initial output variance: 0.016 at a hidden size of 32, sequences of 64, 4 heads and 256 features. With
    few features it varies more from one layer to the next, for the same reason.
    Parameters: ``4·hidden_dim² + 4·hidden_dim`` (with heads of another size, inner = num_heads·head_dim:
    ``4·hidden_dim·inner + 3·inner + hidden_dim``).

    Parameters
    ----------
    hidden_dim
        Size of the last axis.
    num_heads
        Number of heads; divides ``hidden_dim`` unless ``head_dim`` is given.
    num_features
        Number m of features, even; None for ``hidden_dim``, and one more if that is odd.
    head_dim
        Size h of one head; None for hidden_dim / num_heads.
    kernel_type
        "softmax" or "gaussian".
    use_orthogonal
        Draw the frequencies orthogonal in blocks of h: a better estimate at no cost.
    feature_redraw
        Draw new frequencies, with torch's default generator, at each forward pass in training.
    dropout
        Probability in [0, 1) with which outputs are dropped in training.
    use_bias
        Whether the projections have a bias.
    causal
        Let each position attend to itself and what came before; `step` then computes one position at a time.
    generator
        For the initial weights and the frequencies, drawn on the CPU; None for torch's own.
    device, dtype
        Where the parameters live, and their floating dtype; None for torch's defaults.

    Attributes
    ----------
    head_dim, num_features : int
        Sizes.
    q_proj, k_proj, v_proj, out_proj : torch.nn.Linear
        The projections.
    kernel : RandomFeatureMap
        The features: ``kernel.redraw(generator)`` draws new ones; ``kernel.projection`` is in the state dict.
    kernel_type : str
        As given.
    feature_redraw, causal : bool
        As given.

    Raises
    ------
    lamina.errors.ArgumentError
        When an argument lies outside its limits, or ``forward`` gets a tensor of another shape or kind.

    References
    ----------
    Rahimi and Recht 2007, NeurIPS; Peng et al. 2021, Random feature attention, ICLR; Yu et al. 2016,
    Orthogonal random features, NeurIPS.

    Examples
    --------
    >>> import torch
    >>> layer = SpectralAttention(hidden_dim=16, num_heads=2, num_features=64)
    >>> x = torch.randn(2, 10, 16)
    >>> layer(x).shape
    torch.Size([2, 10, 16])
    >>> short = layer(x[:, :7])
    >>> padding = torch.arange(10).expand(2, 10) >= 7
    >>> torch.allclose(layer(x, key_padding_mask=padding)[:, :7], short, atol=1e-5)
    True
    """

    Config = SpectralAttentionConfig

    def __init__(
        self,
        hidden_dim: int,
        num_heads: int = 8,
        num_features: int | None = None,
        head_dim: int | None = None,
        kernel_type: Literal["gaussian", "softmax"] = "softmax",
        use_orthogonal: bool = True,
        feature_redraw: bool = False,
        dropout: float = 0.0,
        use_bias: bool = True,
        *,
        causal: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        config = SpectralAttentionConfig(
            hidden_dim=hidden_dim,
            num_heads=num_heads,
            num_features=num_features,
            head_dim=head_dim,
            kernel_type=kernel_type,
            use_orthogonal=use_orthogonal,
            feature_redraw=feature_redraw,
            dropout=dropout,
            use_bias=use_bias,
            causal=causal,
        )
        super().__init__(config, use_bias=config.use_bias, generator=generator, device=device, dtype=dtype)
        kernel = TrigonometricFeatures(
            self.head_dim,
            config.feature_count(),
            softmax=config.kernel_type == "softmax",
            scale=self.head_dim**-0.25,
            orthogonal=config.use_orthogonal,
            generator=generator,
            device=device,
            dtype=dtype,
        )
        self._take(kernel, config.kernel_type, causal=config.causal, redraw=config.feature_redraw)

    def _take(self, kernel: RandomFeatureMap, kernel_type: str, *, causal: bool, redraw: bool) -> None:
        self.kernel = kernel
        self.kernel_type = kernel_type
        self.num_features = kernel.num_features
        self.causal = causal
        self.feature_redraw = redraw

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
            Return a pair whose second is None: no weights are computed.
        key_padding_mask
            (batch, sequence), True where there is padding; a position is kept if both masks keep it.

        Returns
        -------
        Tensor or tuple
            Of the shape and dtype of ``x``, zero where a position is not kept; or the pair (this, None).
        """
        if self.training and self.feature_redraw:
            cast("RandomFeatureMap", self.kernel).redraw()
        return super().forward(x, mask, return_attention, key_padding_mask=key_padding_mask)

    def step(self, x_t: Tensor, state: Sums | None = None) -> tuple[Tensor, Sums]:
        """Compute the next position of a causal layer; equal to `forward` on the whole sequence.

        Parameters
        ----------
        x_t
            (batch, hidden): the next position.
        state
            What the last step returned; None before the first position.

        Returns
        -------
        y_t, state
            (batch, hidden), and the sums over the past, whose size does not grow. They belong to the
            frequencies: do not redraw those in between.

        Raises
        ------
        lamina.errors.StateError
            When the layer is not causal.
        lamina.errors.ShapeError
            When ``x_t`` has another shape.
        """
        if not self.causal:
            raise StateError("step needs a causal layer. Build it with causal=True.")
        if check_tensor("x_t", x_t).ndim != 2:
            raise ShapeError(
                "x_t",
                allowed=f"of shape (batch, {self.hidden_dim})",
                got=f"shape {tuple(x_t.shape)}",
                remedy="Give one position, x[:, t].",
            )
        x, _ = self.checked(x_t[:, None], None, None)
        q, k, v = self._projected(x)
        with full_precision(x):
            state = extended(state, self._features.keys(k), with_ones(v))
            heads = divided(looked_up(self._features.queries(q), state)[1])
        return self._output(heads, x)[:, 0], state

    def get_spectral_properties(self) -> dict[str, Any]:
        """Tell what holds: positions are not told apart, so a circular shift passes through, unless causal.

        Returns
        -------
        dict
            The keys of `SpectralLayer.get_spectral_properties`, and ``num_features``.
        """
        return properties(
            translation_equivariant=not self.causal,
            causal=self.causal,
            frequency_domain=False,
            complexity="O(n (d² + d·num_features))",
            num_features=self.num_features,
        )

    def _attended(self, q: Tensor, k: Tensor, v: Tensor, kept: Tensor | None) -> Tensor:
        if not self.causal:
            return super()._attended(q, k, v, kept)
        features = self._features
        return causal_linear_attention(features.queries(q), masked_keys(features.keys(k), kept), v)
