"""The documented classes have the documented arguments, defaults, attributes and methods.

The tables were written by hand from the layers' reference document; nothing in them is asked of the code.
What the library adds is keyword-only. The three mixing bases, which are abstract, have the documented methods
and attributes, but take checked settings where the document has arguments.
"""

import inspect

import pytest
import torch
from torch import nn

import lamina.layers
from lamina import transforms
from lamina.layers import FourierNeuralOperator, SpectralConv1d, SpectralConv2d

NEEDED = inspect.Parameter.empty
HIDDEN, HEADS = ("hidden_dim", NEEDED), ("num_heads", 8)
DROPOUT, EPS = ("dropout", 0.0), ("norm_eps", 1e-5)
ENERGY, NORM = ("energy_tolerance", 1e-4), ("fft_norm", "ortho")
FOURIER = (HIDDEN, DROPOUT, EPS, ENERGY, NORM, ("keep_complex", False))
LENGTH, LEARNED = ("sequence_length", NEEDED), ("learnable_filters", True)
FILTER = (
    HIDDEN, LENGTH, ("activation", "sigmoid"), DROPOUT, EPS, LEARNED, NORM, ("filter_init_std", 0.02),
)  # fmt: skip
CHANNELS = (("in_channels", NEEDED), ("out_channels", NEEDED), ("modes", NEEDED))

ARGUMENTS = {
    "DCTAttention": (HIDDEN, HEADS, ("dct_type", 2), ("learnable_scale", True), DROPOUT),
    "HadamardAttention": (HIDDEN, HEADS, ("scale_by_sqrt", True), ("learnable_scale", True), DROPOUT),
    "KernelAttention": (
        HIDDEN, HEADS, ("kernel_type", "gaussian"), ("rank", None), ("num_features", None), DROPOUT,
    ),
    "LSTAttention": (
        HIDDEN, HEADS, ("transform_type", "dct"), ("learnable_scale", True), ("normalize", True), DROPOUT,
        ("use_bias", True),
    ),
    "MixedSpectralAttention": (
        HIDDEN, ("num_heads", 9), ("use_fft", True), ("use_dct", True), ("use_hadamard", True), DROPOUT,
    ),
    "PerformerAttention": (HIDDEN, HEADS, ("num_features", None), ("generalized", False), DROPOUT),
    "SpectralAttention": (
        HIDDEN, HEADS, ("num_features", None), ("head_dim", None), ("kernel_type", "softmax"),
        ("use_orthogonal", True), ("feature_redraw", False), DROPOUT, ("use_bias", True),
    ),
    "AdaptiveGlobalFilter": (
        *FILTER, ("filter_regularization", 0.0), ("adaptive_initialization", True),
        ("spectral_dropout_p", 0.0),
    ),
    "AFNOMixing": (
        HIDDEN, ("max_sequence_length", NEEDED), ("modes_seq", None), ("modes_hidden", None),
        ("mlp_ratio", 2.0), ("activation", "gelu"), DROPOUT,
    ),
    "FourierMixing": FOURIER,
    "FourierMixing1D": FOURIER,
    "GlobalFilterMixing": FILTER,
    "GlobalFilterMixing2D": FILTER,
    "RealFourierMixing": (HIDDEN, ("use_real_fft", True), DROPOUT, EPS, ENERGY, NORM),
    "SeparableFourierMixing": (
        HIDDEN, ("mix_features", True), ("mix_sequence", True), DROPOUT, EPS, ENERGY, NORM,
    ),
    "WaveletMixing": (HIDDEN, ("wavelet", "db4"), ("levels", 3), ("mixing_mode", "pointwise"), DROPOUT),
    "WaveletMixing2D": (
        ("channels", NEEDED), ("wavelet", "db4"), ("levels", 2), ("mixing_mode", "subband"),
    ),
    "FNOBlock": (
        HIDDEN, ("modes", 16), ("mlp_ratio", 2.0), ("activation", "gelu"), DROPOUT,
        ("norm_type", "layernorm"),
    ),
    "FourierNeuralOperator": (
        HIDDEN, ("modes", 16), ("activation", "gelu"), ("use_spectral_conv", True), ("use_linear", True),
    ),
    "SpectralConv1d": CHANNELS,
    "SpectralConv2d": CHANNELS,
}  # fmt: skip

MIXING = ("verify_shape_consistency", "compute_spectral_norm", "get_spectral_properties")
UNITARY = (*MIXING, "verify_energy_preservation", "verify_orthogonality")
FILTERING = (*MIXING, "get_filter_response", "analyze_frequency_response")
METHODS = {
    "MixingLayer": MIXING,
    "UnitaryMixingLayer": UNITARY,
    "FilterMixingLayer": FILTERING,
    "AFNOMixing": MIXING,
    "FourierMixing": UNITARY,
    "FourierMixing1D": UNITARY,
    "RealFourierMixing": UNITARY,
    "SeparableFourierMixing": UNITARY,
    "GlobalFilterMixing": FILTERING,
    "GlobalFilterMixing2D": FILTERING,
    "AdaptiveGlobalFilter": (*FILTERING, "get_regularization_loss"),
}
BASES = {
    "DCTAttention": "LSTAttention",
    "HadamardAttention": "LSTAttention",
    "KernelAttention": "AttentionLayer",
    "LSTAttention": "AttentionLayer",
    "MixedSpectralAttention": "AttentionLayer",
    "PerformerAttention": "SpectralAttention",
    "SpectralAttention": "AttentionLayer",
    "AdaptiveGlobalFilter": "FilterMixingLayer",
    "AFNOMixing": "MixingLayer",
    "FilterMixingLayer": "MixingLayer",
    "FourierMixing": "UnitaryMixingLayer",
    "FourierMixing1D": "UnitaryMixingLayer",
    "GlobalFilterMixing": "FilterMixingLayer",
    "GlobalFilterMixing2D": "FilterMixingLayer",
    "RealFourierMixing": "UnitaryMixingLayer",
    "SeparableFourierMixing": "UnitaryMixingLayer",
    "UnitaryMixingLayer": "MixingLayer",
}

# attributes that every layer of a family has, with their kinds
MIXED = {"hidden_dim": int, "dropout": nn.Module, "norm_eps": float}
KEPT = {**MIXED, "energy_tolerance": float}
FILTERED = {**MIXED, "sequence_length": int, "learnable_filters": bool}
RESPONSE = {"filter_real": nn.Parameter, "filter_imag": nn.Parameter, "activation_fn": nn.Module}
CONVOLUTION = {"in_channels": int, "out_channels": int, "weights": torch.Tensor}
HEADED = {"head_dim": int, "transform_type": str, "transforms": nn.ModuleList, "scale": nn.Parameter}
PROJECTED = {
    "head_dim": int, "num_features": int, "kernel": object,
    "q_proj": nn.Linear, "k_proj": nn.Linear, "v_proj": nn.Linear, "out_proj": nn.Linear,
}  # fmt: skip
SIZE = {"hidden_dim": 18}
GIVEN = {**SIZE, "num_heads": 3}
FILTERS = {**SIZE, "sequence_length": 10}
IMAGES = {"channels": 8}

# class, arguments, attributes with their kinds
ATTRIBUTES = [
    ("KernelAttention", {**GIVEN, "kernel_type": "spectral", "rank": 4}, {"kernel_type": str, "rank": int}),
    ("LSTAttention", GIVEN, HEADED),
    ("DCTAttention", GIVEN, HEADED),
    ("HadamardAttention", GIVEN, HEADED),
    ("SpectralAttention", GIVEN, PROJECTED),
    ("PerformerAttention", GIVEN, {**PROJECTED, "generalized": bool}),
    (
        "AdaptiveGlobalFilter",
        FILTERS,
        FILTERED
        | {"filter_regularization": float, "adaptive_initialization": bool}
        | {"spectral_dropout_p": float, "spectral_dropout": nn.Module},
    ),
    (
        "AFNOMixing",
        {**SIZE, "max_sequence_length": 10},
        MIXED
        | {"max_sequence_length": int, "modes_seq": int, "modes_hidden": int, "mlp_ratio": float}
        | {"fourier_weight": torch.Tensor, "mlp": nn.Sequential},
    ),
    ("FourierMixing", SIZE, {**KEPT, "fft2d": transforms.FFT2D, "keep_complex": bool}),
    ("FourierMixing1D", SIZE, {**KEPT, "fft1d": transforms.FFT1D, "keep_complex": bool}),
    (
        "RealFourierMixing",
        SIZE,
        {**KEPT, "use_real_fft": bool, "rfft": transforms.RFFT, "rfft2d": transforms.RFFT2D},
    ),
    (
        "SeparableFourierMixing",
        SIZE,
        {**KEPT, "mix_features": bool, "mix_sequence": bool, "fft1d": transforms.FFT1D},
    ),
    (
        "GlobalFilterMixing",
        FILTERS,
        {**FILTERED, **RESPONSE, "activation": str, "fft1d": transforms.FFT1D},
    ),
    ("GlobalFilterMixing2D", FILTERS, {**FILTERED, **RESPONSE, "fft2d": transforms.FFT2D}),
    (
        "WaveletMixing",
        SIZE,
        {"dwt": transforms.DWT1D, "mixing_weights": nn.ParameterDict, "dropout": nn.Dropout},
    ),
    (
        "WaveletMixing2D",
        IMAGES,
        {"dwt": transforms.DWT2D, "ll_mixer": nn.Sequential, "detail_mixers": nn.ModuleList},
    ),
    ("WaveletMixing2D", {**IMAGES, "mixing_mode": "cross"}, {"cross_mixer": nn.Module}),
    ("WaveletMixing2D", {**IMAGES, "mixing_mode": "attention"}, {"subband_attention": nn.Module}),
    (
        "FNOBlock",
        SIZE,
        {"hidden_dim": int, "fno": FourierNeuralOperator, "norm1": nn.Module, "norm2": nn.Module}
        | {"ffn": nn.Sequential, "dropout": nn.Dropout},
    ),
    (
        "FourierNeuralOperator",
        SIZE,
        {"hidden_dim": int, "modes": int, "activation": nn.Module}
        | {"spectral_conv": SpectralConv1d, "linear": nn.Conv1d},
    ),
    (
        "FourierNeuralOperator",
        {**SIZE, "modes": (3, 4)},
        {"modes": tuple, "spectral_conv": SpectralConv2d, "linear": nn.Conv2d},
    ),
    ("SpectralConv1d", {"in_channels": 2, "out_channels": 3, "modes": 4}, {**CONVOLUTION, "modes": int}),
    (
        "SpectralConv2d",
        {"in_channels": 2, "out_channels": 3, "modes": (5, 4)},
        {**CONVOLUTION, "modes1": int, "modes2": int},
    ),
]
# complex tables that the document calls parameters, and their shapes
COMPLEX = [
    ("AFNOMixing", {"hidden_dim": 8, "max_sequence_length": 10}, "fourier_weight", (5, 4)),
    ("SpectralConv1d", {"in_channels": 2, "out_channels": 3, "modes": 4}, "weights", (2, 3, 4)),
    ("SpectralConv2d", {"in_channels": 2, "out_channels": 3, "modes": (5, 4)}, "weights", (2, 3, 5, 4)),
]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_the_documented_ones(name):
    found = inspect.signature(getattr(lamina.layers, name)).parameters.values()
    documented = [one for one in found if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert [(one.name, one.default) for one in documented] == list(ARGUMENTS[name])
    for one, (_, default) in zip(documented, ARGUMENTS[name], strict=True):
        assert type(one.default) is type(default), one.name
    added = [one for one in found if one not in documented]
    assert all(one.kind is one.KEYWORD_ONLY and one.default is not NEEDED for one in added)


@pytest.mark.parametrize("name", sorted({*ARGUMENTS, *METHODS}))
def test_methods_are_the_documented_ones(name):
    kind = getattr(lamina.layers, name)
    for method in ("forward", "from_config", "get_spectral_properties", *METHODS.get(name, ())):
        assert callable(getattr(kind, method)), method
    given = list(inspect.signature(kind.forward).parameters)
    if "Attention" in name:
        assert given[:4] == ["self", "x", "mask", "return_attention"]
    else:
        assert given[:2] == ["self", "x"]


@pytest.mark.parametrize("name", BASES)
def test_bases_are_the_documented_ones(name):
    assert issubclass(getattr(lamina.layers, name), getattr(lamina.layers, BASES[name]))


def test_every_documented_class_is_in_a_table():
    assert {name for name, _, _ in ATTRIBUTES} == set(ARGUMENTS) - {"MixedSpectralAttention"}


@pytest.mark.parametrize(("name", "arguments", "kinds"), ATTRIBUTES)
def test_attributes_are_the_documented_ones(name, arguments, kinds):
    layer = getattr(lamina.layers, name)(**arguments)
    for attribute, kind in kinds.items():
        assert isinstance(getattr(layer, attribute), kind), attribute


@pytest.mark.parametrize(("name", "arguments", "attribute", "shape"), COMPLEX)
def test_complex_weights_are_views_of_the_documented_shape(name, arguments, attribute, shape):
    layer = getattr(lamina.layers, name)(**arguments)
    table = getattr(layer, attribute)
    assert (tuple(table.shape), table.dtype) == (shape, torch.complex64)
    with torch.no_grad():
        table.zero_()
    assert not getattr(layer, attribute).abs().any()


def test_arguments_may_be_given_by_place():
    layer = lamina.layers.GlobalFilterMixing(4, 8, "tanh", 0.1, 1e-6, False, "forward", 0.5)
    assert layer.to_config().model_dump() == {
        "layer": "GlobalFilterMixing", "hidden_dim": 4, "sequence_length": 8, "activation": "tanh",
        "dropout": 0.1, "norm_eps": 1e-6, "learnable_filters": False, "fft_norm": "forward",
        "filter_init_std": 0.5, "causal": False,
    }  # fmt: skip
