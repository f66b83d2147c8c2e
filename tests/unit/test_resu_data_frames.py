"""Names of columns: learned from a data frame, kept in order, forgotten with the next fit."""

import numpy as np
import pytest
from sklearn.utils import validation

import lamina

RECORDING = np.random.default_rng(0).standard_normal((80, 2))


class Frame:
    """Stands for a data frame, so that the tests need no pandas: columns with names."""

    def __init__(self, values, columns):
        self.values, self.columns = values, columns
        self.shape, self.ndim = values.shape, values.ndim

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


@pytest.fixture(autouse=True)
def frames_are_known(monkeypatch):
    # all that scikit-learn asks a data frame for; it comes back as None for any other array
    def names(frame):
        return np.asarray(frame.columns, dtype=object) if isinstance(frame, Frame) else None

    monkeypatch.setattr(validation, "_get_feature_names", names)


def unit():
    return lamina.ReSU(memory=3, horizon=2, rank=2)


@pytest.mark.parametrize("several", [False, True])
def test_names_are_learned_and_kept_in_order(several):
    def given(frame):
        return [frame, frame] if several else frame

    fitted = unit().fit(given(Frame(RECORDING, ["left", "right"])))
    assert fitted.feature_names_in_.tolist() == ["left", "right"]
    found = fitted.transform(given(Frame(RECORDING, ["left", "right"])))
    expected = unit().fit(given(RECORDING)).transform(given(RECORDING))
    np.testing.assert_array_equal(found, expected)
    for method in (fitted.transform, fitted.predict, fitted.score, fitted.partial_fit):
        with pytest.raises(ValueError, match="feature names should match"):
            method(given(Frame(RECORDING, ["right", "left"])))


def test_trials_of_one_fit_have_one_order_of_columns():
    with pytest.raises(ValueError, match="feature names should match"):
        unit().fit([Frame(RECORDING, ["left", "right"]), Frame(RECORDING, ["right", "left"])])


@pytest.mark.parametrize("recording", [RECORDING, [RECORDING], RECORDING[:, 0]])
def test_names_do_not_outlive_the_fit(recording):
    fitted = lamina.ReSU(memory=3, horizon=2, rank=1).fit(Frame(RECORDING, ["left", "right"]))
    assert not hasattr(fitted.fit(recording), "feature_names_in_")
