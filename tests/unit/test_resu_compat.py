"""The names of pyresu: its Quick Start as it stands, and each function against plain NumPy."""

import numpy as np
import pytest
import torch

from lamina.errors import (
    ArgumentError,
    ArgumentTypeError,
    ClippedInformationWarning,
    DataError,
    ShapeError,
    StateError,
)
from lamina.resu import (
    ReSUCell,
    calculate_mutual_information,
    center_lag_vectors,
    compute_covariance_matrices,
    construct_lag_vectors,
    perform_truncated_cca,
)


def test_quick_start(capsys):
    # 1. Prepare some time-series data
    data = np.random.default_rng(0).standard_normal((1000, 1))

    # 2. Create past and future lag vectors
    past, future = construct_lag_vectors(data, memory=10, horizon=5)
    past_c, future_c = center_lag_vectors(past, future)

    # 3. Initialize and fit the ReSU Cell
    cell = ReSUCell(rank=3)
    cell.fit(past_c, future_c)

    # 4. Forward pass
    on_output, off_output = cell.forward(past_c)

    print(f"ON shape: {on_output.shape}")
    print(f"OFF shape: {off_output.shape}")
    assert capsys.readouterr().out == "ON shape: (986, 3)\nOFF shape: (986, 3)\n"


def test_lag_vectors_and_their_covariances():
    y = np.random.default_rng(1).standard_normal((40, 2)) + 5
    past, future = construct_lag_vectors(y, 3, 2)
    assert past.shape == (36, 6)
    np.testing.assert_array_equal(past[4], np.concatenate([y[6], y[5], y[4]]))
    np.testing.assert_array_equal(future[4], np.concatenate([y[7], y[8]]))
    joint = np.cov(np.column_stack([past, future]), rowvar=False)
    for got, expected in zip(
        compute_covariance_matrices(past, future), (joint[:6, :6], joint[6:, 6:], joint[6:, :6]), strict=True
    ):
        np.testing.assert_allclose(got, expected, atol=1e-12)
    p, f = center_lag_vectors(past, future)
    np.testing.assert_allclose(p.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(f.mean(0), 0, atol=1e-12)


def test_cca_invariants_and_information():
    y = np.cumsum(np.random.default_rng(2).standard_normal((500, 2)), axis=0)
    C_pp, C_ff, C_fp = compute_covariance_matrices(*construct_lag_vectors(np.sin(y), 3, 2))
    Psi, sigma, Phi = perform_truncated_cca(C_pp, C_ff, C_fp, rank=3)
    np.testing.assert_allclose(Psi @ C_pp @ Psi.T, np.eye(3), atol=1e-10)
    np.testing.assert_allclose(Phi @ C_fp @ Psi.T, np.diag(sigma), atol=1e-10)
    np.testing.assert_allclose(
        calculate_mutual_information(sigma), -0.5 * np.log(1 - sigma**2).sum(), rtol=1e-12
    )
    with pytest.warns(ClippedInformationWarning):
        assert np.isfinite(calculate_mutual_information(np.array([1.0])))


def test_the_cell_centres_by_itself_and_splits_into_on_and_off():
    y = np.random.default_rng(3).standard_normal((300, 1)) + 4
    past, future = construct_lag_vectors(y, 4, 3)
    p, f = center_lag_vectors(past, future)
    on, off = ReSUCell(rank=2).fit(past, future).forward(past)
    on_c, off_c = ReSUCell(rank=2).fit(p, f).forward(p)
    np.testing.assert_allclose(on, on_c, atol=1e-10)
    np.testing.assert_allclose(off, off_c, atol=1e-10)
    assert (on >= 0).all()
    assert (off >= 0).all()
    assert (on * off == 0).all()
    np.testing.assert_allclose(np.cov(on - off, rowvar=False), np.eye(2), atol=1e-10)


def test_misuse_is_named():
    past, future = construct_lag_vectors(np.random.default_rng(4).standard_normal(50), 3, 2)
    with pytest.raises(StateError, match="fit"):
        ReSUCell(2).forward(past)
    with pytest.raises(ArgumentError, match="rank"):
        ReSUCell(0)
    with pytest.raises(ShapeError, match="future"):
        center_lag_vectors(past, future[:-1])
    with pytest.raises(DataError, match="past"):
        compute_covariance_matrices(past[:1], future[:1])
    with pytest.raises(DataError, match="past"):
        compute_covariance_matrices(np.full_like(past, np.nan), future)
    with pytest.raises(DataError, match="data"):
        construct_lag_vectors([1.0, np.inf], 1, 1)
    with pytest.raises(ShapeError, match="past"):
        ReSUCell(2).fit(past, future).forward(past[:, :2])


def vectors(kind=np.asarray):
    past, future = construct_lag_vectors(np.random.default_rng(5).standard_normal(200), 3, 2)
    return kind(past), kind(future)


@pytest.mark.parametrize(
    "use",
    [center_lag_vectors, compute_covariance_matrices, lambda past, future: ReSUCell(1).fit(past, future)],
)
@pytest.mark.parametrize("kinds", [(np.asarray, torch.asarray), (torch.asarray, np.asarray)])
def test_two_libraries_are_named(use, kinds):
    past, future = vectors()
    with pytest.raises(ArgumentTypeError, match=r"future must be an array of the library.*(numpy|torch)"):
        use(kinds[0](past), kinds[1](future))


def test_a_cell_fitted_in_one_library_serves_the_other():
    past, future = vectors()
    tensors = vectors(torch.asarray)
    expected = ReSUCell(2).fit(past, future).forward(past)
    for cell in (ReSUCell(2).fit(past, future), ReSUCell(2).fit(*tensors)):
        for given, kind in ((past, np.ndarray), (tensors[0], torch.Tensor)):
            found = cell.forward(given)
            assert all(isinstance(output, kind) for output in found)
            np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [np.asarray, torch.asarray])
def test_overflows_are_named_and_never_come_back(kind):
    past, future = vectors(kind)
    with pytest.raises(DataError, match=r"past .*squares.*overflow.*Rescale"):
        compute_covariance_matrices(past * 1e160, future)
    with pytest.raises(DataError, match=r"future .*squares"):
        ReSUCell(1).fit(past, future * 1e160)
    with pytest.raises(DataError, match=r"past .*sum"):
        center_lag_vectors(past * 0 + 1e308, future)
    cell = ReSUCell(1).fit(past * 1e-100, future)
    with pytest.raises(DataError, match=r"past .*outputs"):
        cell.forward(past * 1e250)
    # neither a gap nor the largest float32 is an overflow
    past[3, 1] = np.nan
    on, _ = cell.forward(past)
    np.testing.assert_array_equal(np.isnan(np.asarray(on))[:, 0], np.arange(len(past)) == 3)
    level = kind(np.full((20, 1), 3e38, dtype=np.float32))
    assert not np.asarray(center_lag_vectors(level, level)[0]).any()
