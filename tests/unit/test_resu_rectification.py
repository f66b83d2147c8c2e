"""ON and OFF channels, and the way back."""

import numpy as np
import pytest
import torch

from lamina.errors import ArgumentError, ShapeError
from lamina.resu.rectification import check_modes, output_columns, output_names, recombine, rectify

Z = np.array([[1.5, -2.0, 0.0], [-0.5, 3.0, np.nan]])


@pytest.mark.parametrize(
    ("modes", "columns", "names"),
    [
        (["none"] * 3, [Z[:, 0], Z[:, 1], Z[:, 2]], ["resu0", "resu1", "resu2"]),
        (["on"] * 3, [[1.5, 0], [0, 3], [0, np.nan]], ["resu0_on", "resu1_on", "resu2_on"]),
        (["off"] * 3, [[0, 0.5], [2, 0], [0, np.nan]], ["resu0_off", "resu1_off", "resu2_off"]),
        (
            ["off", "split", "none"],
            [[0, 0.5], [0, 3], [2, 0], [0, np.nan]],
            ["resu0_off", "resu1_on", "resu1_off", "resu2"],
        ),
    ],
)
def test_columns_by_hand(modes, columns, names):
    for dtype in (np.float64, np.float32):
        out = rectify(Z.astype(dtype), modes)
        assert out.dtype == dtype
        np.testing.assert_array_equal(out, np.stack(columns, axis=1))
    assert output_names(modes) == names
    assert len(output_columns(modes)) == len(names)
    as_torch = rectify(torch.from_numpy(Z), modes)
    assert isinstance(as_torch, torch.Tensor)
    np.testing.assert_array_equal(as_torch.numpy(), np.stack(columns, axis=1))


def test_no_negative_zero_comes_out():
    out = rectify(np.array([[-1.0, 0.0, -0.0]]), ["split", "split", "off"])
    assert not np.signbit(out).any()


@pytest.mark.parametrize(
    "modes", [["none"] * 3, ["split"] * 3, ["split", "none", "split"], ["none", "none", "split"]]
)
def test_recombine_undoes_rectify(modes):
    z = np.random.default_rng(0).standard_normal((2, 50, 3))
    np.testing.assert_array_equal(recombine(rectify(z, modes), modes), z)
    np.testing.assert_array_equal(recombine(torch.from_numpy(rectify(z, modes)), modes).numpy(), z)


@pytest.mark.parametrize(("modes", "unit"), [(["on"] * 2, 0), (["split", "off"], 1)])
def test_half_outputs_cannot_be_undone(modes, unit):
    with pytest.raises(ArgumentError, match=f"unit {unit}"):
        recombine(rectify(Z[:, :2], modes), modes)


def test_wrong_widths():
    with pytest.raises(ShapeError, match="2 column"):
        rectify(Z, ["on", "off"])
    with pytest.raises(ShapeError, match="4 column"):
        recombine(Z, ["split", "split"])


def test_one_word_stands_for_all_units():
    assert check_modes("rectify", "split", 3) == ("split",) * 3
    assert check_modes("rectify", ("on", "none"), 2) == ("on", "none")
    with pytest.raises(ArgumentError, match=r"rectify\[1\].*Did you mean 'split'"):
        check_modes("rectify", ["on", "splt"], 2)
