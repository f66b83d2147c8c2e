"""ReSU with memory, horizon and rank left to the data."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

import lamina
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, UnpredictableWarning
from lamina.resu import ReSU
from lamina.stats import LagMoments


def ar2(time=5000, seed=0, channels=1):
    """y_t = 1.2 y_{t−1} − 0.5 y_{t−2} + e_t: order two, state of two dimensions."""
    rng = np.random.default_rng(seed)
    y = np.zeros((time, channels))
    noise = rng.standard_normal((time, channels))
    for t in range(2, time):
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + noise[t]
    return y


def test_nothing_needs_to_be_given():
    y = ar2()
    unit = ReSU().fit(y)
    # twice the order of the process, which has two states
    assert (unit.memory_, unit.horizon_, unit.rank_) == (4, 4, 2)
    assert unit.selection_.order == 2
    assert unit.selection_.predictable
    assert (unit.memory, unit.horizon, unit.rank) == ("auto", "auto", "auto")
    given = ReSU(4, 4, 2).fit(y)
    np.testing.assert_array_equal(unit.filters_, given.filters_)
    np.testing.assert_array_equal(unit.transform(y), given.transform(y))
    assert given.selection_ is None
    assert unit.valid_from_ == 3
    assert unit.predict(y).shape == (5000, 4, 1)


@pytest.mark.parametrize("criterion", ["svc", "bic", "cv"])
def test_only_the_rank_is_searched_where_the_window_is_given(criterion):
    unit = ReSU(6, 5, criterion=criterion).fit(ar2())
    assert (unit.memory_, unit.horizon_, unit.rank_) == (6, 5, 2)
    assert unit.selection_.order is None
    assert unit.selection_.criterion == criterion
    assert int(np.argmin(unit.selection_.rank_scores)) == 2


def test_only_the_window_is_searched_where_the_rank_is_given():
    unit = ReSU(rank=1).fit(ar2())
    assert (unit.memory_, unit.horizon_, unit.rank_) == (4, 4, 1)
    assert unit.selection_.rank_scores is None


def test_white_noise_is_said_to_be_unpredictable():
    noise = np.random.default_rng(3).standard_normal(2000)
    with pytest.warns(UnpredictableWarning, match="stands out from chance"):
        unit = ReSU().fit(noise)
    assert (unit.memory_, unit.horizon_, unit.rank_) == (1, 1, 1)
    assert not unit.selection_.predictable


def test_trials_gaps_and_an_offset_lead_to_the_same_choice():
    y = ar2()
    y[2000:2003] = np.nan
    unit = ReSU().fit([1e6 + 1e-3 * y[:2600], 1e6 + 1e-3 * y[2600:]])
    assert (unit.memory_, unit.rank_) == (4, 2)
    # not more than there are without the gap
    assert 4900 < unit.selection_.n_samples <= 4997


def test_the_future_of_another_recording():
    rng = np.random.default_rng(5)
    stimulus = rng.standard_normal(6000)
    response = np.zeros(6000)
    # what comes next depends on three lags of the stimulus, the present and two before it
    response[3:] = stimulus[2:-1] - 0.7 * stimulus[1:-2] + 0.5 * stimulus[:-3]
    response += 0.5 * rng.standard_normal(6000)
    unit = ReSU().fit(stimulus, future_of=response)
    # AIC errs on the long side now and then, but never leaves out what counts
    assert unit.selection_.order >= 3
    assert unit.memory_ == 2 * unit.selection_.order
    # the response has no memory of its own: three lags reach one, two and three samples ahead
    assert unit.rank_ == 3


def test_chunks_that_can_be_read_again_are_chosen_from():
    y = ar2()
    unit = ReSU().fit(lambda: iter(np.array_split(y, 7)))
    np.testing.assert_allclose(unit.filters_, ReSU().fit(y).filters_, rtol=1e-9)
    assert unit.selection_.order == 2


def test_chunks_that_can_be_read_once_need_numbers():
    y = ar2()
    with pytest.raises(ArgumentError, match=r"memory must be a number for chunks .* a function that returns"):
        ReSU().fit(iter(np.array_split(y, 7)))
    assert ReSU(4, 4, 2).fit(iter(np.array_split(y, 7))).n_windows_ == 4993


def test_partial_fit_continues_with_what_fit_chose():
    y = ar2()
    with pytest.raises(ArgumentError, match=r"memory must be a number here, .* or call fit on a first"):
        ReSU().partial_fit(y)
    with pytest.raises(ArgumentError, match="rank must be a number here"):
        ReSU(3, 3).partial_fit(y)
    unit = ReSU().fit(y[:3000]).partial_fit(y[3000:])
    assert unit.rank_ == unit.selection_.rank == 2
    expected = ReSU(4, 4, 2).fit([y[:3000], y[3000:]])
    np.testing.assert_allclose(unit.filters_, expected.filters_, rtol=1e-9)


def test_moments_come_too_late_to_choose_from():
    moments = LagMoments(3, 3).update(ar2()[:, 0])
    with pytest.raises(ArgumentError, match="rank must be a number here"):
        ReSU.from_moments(moments, "auto")


@pytest.mark.parametrize("name", ["memory", "horizon", "rank"])
def test_other_words_than_auto_are_refused(name):
    with pytest.raises(ArgumentTypeError, match=f"{name} must be an integer of at least 1, or 'auto'"):
        ReSU(**{name: "atuo"}).fit(ar2(200))


def test_a_word_for_each_unit_needs_their_number():
    with pytest.raises(ArgumentError, match="rectify must be one word"):
        ReSU(rectify=["on", "off"]).fit(ar2(200))
    with pytest.raises(ArgumentError, match="criterion must be one of"):
        ReSU(criterion="aic").fit(ar2(200))


def test_too_short_to_choose():
    with pytest.raises(DataError, match="long enough"):
        ReSU().fit([1.0, 2.0, 4.0])


def test_a_failed_choice_leaves_the_unit_as_it_was():
    y = ar2()
    unit = ReSU().fit(y)
    before = unit.filters_.copy()
    with pytest.raises(DataError):
        unit.fit(np.full(500, 3.0))
    np.testing.assert_array_equal(unit.filters_, before)
    check_is_fitted(unit)
    assert clone(unit).get_params()["memory"] == "auto"


def test_torch_recordings_are_chosen_from():
    torch = pytest.importorskip("torch")
    y = ar2(channels=2)
    unit = lamina.ReSU().fit(torch.asarray(y))
    expected = lamina.ReSU().fit(y).selection_
    assert unit.selection_.order == expected.order
    np.testing.assert_allclose(unit.selection_.rank_scores, expected.rank_scores, rtol=1e-9)
    # two channels that do not know of each other, of two states each
    assert unit.rank_ == 4
    assert isinstance(unit.filters_, torch.Tensor)
    assert isinstance(unit.selection_.order_scores, np.ndarray)


def test_what_fit_adds_to_a_unit_is_tested_where_it_is_asked_for():
    y = ar2()
    unit = ReSU(4, 4, 3, n_surrogates=99, seed=1).fit(y)
    again = ReSU(4, 4, 3).fit(y)
    assert again.significance_ is None
    found = again.significance(y, n_surrogates=99, seed=1)
    assert again.significance_ is found
    np.testing.assert_array_equal(unit.significance_.p_values, found.p_values)
    np.testing.assert_allclose(found.singular_values, unit.canonical_correlations_, rtol=1e-9)
    # two states, and a third unit that finite data invent
    assert found.n_significant == 2
    # what was tested was another fit
    assert again.partial_fit(y[:100]).significance_ is None


def test_surrogates_need_the_recording_twice():
    y = ar2()
    with pytest.raises(ArgumentError, match="n_surrogates must be 0 with chunks"):
        ReSU(4, 4, 2, n_surrogates=99).fit(iter(np.array_split(y, 7)))
    unit = ReSU(4, 4, 2, n_surrogates=99).fit(lambda: iter(np.array_split(y, 7)))
    expected = ReSU(4, 4, 2, n_surrogates=99).fit(y)
    np.testing.assert_allclose(unit.significance_.null, expected.significance_.null, rtol=1e-9)


def test_surrogates_stand_beside_the_fit_that_they_test():
    y = ar2()
    with pytest.raises(ArgumentError, match="n_surrogates must be 0 with a half_life"):
        ReSU(4, 4, 2, n_surrogates=99, half_life=500).fit(y)
    with pytest.raises(ArgumentError, match="n_surrogates must be 0 with unequal trial_weights"):
        ReSU(4, 4, 2, n_surrogates=99).fit([y, y], trial_weights=[1, 2])
    forgetful = ReSU(4, 4, 2, half_life=500).fit(y)
    with pytest.raises(DataError, match=r"X must be the recording\(s\) of the fit"):
        forgetful.significance(y)
    unit = ReSU(4, 4, 2).fit(y)
    with pytest.raises(DataError, match=r"X must be the recording\(s\) of the fit"):
        unit.significance(y[:3000])
    assert unit.significance_ is None


def test_progress_and_a_checkpoint_are_checked_where_the_data_choose_too():
    y, heard = ar2(), []
    ReSU().fit(y, progress=lambda fraction, doing: heard.append(fraction))
    assert heard[-1] == 1.0
    with pytest.raises(ArgumentError, match="progress"):
        ReSU().fit(y, progress="yes")
    with pytest.raises(ArgumentError, match="checkpoint"):
        ReSU().fit(y, checkpoint="here")


def test_values_whose_squares_overflow_are_not_waited_out():
    with pytest.raises(DataError, match="Rescale"):
        ReSU(4, 4, 2).partial_fit(1e200 * ar2())


def test_a_first_chunk_that_is_refused_leaves_no_trace():
    unit = ReSU(4, 4, 2)
    with pytest.raises(DataError):
        unit.partial_fit(np.full((10, 3), np.inf))
    assert not [name for name in vars(unit) if name.endswith("_")]
    assert unit.partial_fit(ar2()).n_features_in_ == 1


def test_weights_of_trials_that_are_chosen_from():
    predictable, noise = ar2(), np.random.default_rng(8).standard_normal((5000, 1))
    both = ReSU().fit([predictable, noise], trial_weights=[1.0, 0.0])
    alone = ReSU(both.memory_, both.horizon_, both.rank_).fit(predictable)
    np.testing.assert_allclose(both.filters_, alone.filters_, rtol=1e-9)
    assert both.rank_ == 2


def test_weights_of_trials():
    trials = [ar2(400, seed) for seed in range(3)]
    weighted = ReSU(4, 3, 2).fit(trials, trial_weights=[2, 1, 0])
    repeated = ReSU(4, 3, 2).fit([trials[0], trials[0], trials[1]])
    np.testing.assert_allclose(weighted.canonical_correlations_, repeated.canonical_correlations_, rtol=1e-12)
    continued = ReSU(4, 3, 2)
    for trial, weight in zip(trials, (2.0, 1.0, 0.0), strict=True):
        for chunk in (trial[:150], trial[150:]):
            continued.partial_fit(chunk, trial_weight=weight)
        continued.end_trial()
    np.testing.assert_allclose(continued.filters_, weighted.filters_, rtol=1e-9)
    with pytest.raises(ArgumentError, match="one number for each of 3"):
        ReSU(4, 3, 2).fit(trials, trial_weights=[1.0])


def test_unequal_weights_leave_fewer_samples_to_count_on():
    one, other = ar2(500), ar2(500, seed=3)
    alone = ReSU().fit(one)
    for light in (1e-6, 1e-90, 0.0):
        unit = ReSU().fit([one, other], trial_weights=[1.0, light])
        # AIC would take a far longer memory for 1000 samples of which 500 count
        assert (unit.memory_, unit.horizon_, unit.rank_) == (alone.memory_, alone.horizon_, alone.rank_)
        assert unit.selection_.n_samples == pytest.approx(500, abs=7)  # a few lie in no window
    weighed = ReSU().fit([one, other], trial_weights=[3.0, 1.0])
    assert weighed.selection_.n_samples == pytest.approx((3 + 1) ** 2 / (3**2 + 1**2) * 500, rel=0.02)
    equal = ReSU().fit([one, other], trial_weights=[1e-80, 1e-80])
    assert equal.selection_.n_samples == pytest.approx(1000, rel=0.02)


def test_blocks_without_windows_are_named_by_what_was_given():
    for X, gap in ((ar2(7), 1), (ar2(2000), 1000)):
        with pytest.raises(
            DataError, match=r"X must be long enough for criterion 'cv': two windows of \d+ samples"
        ):
            ReSU(criterion="cv", gap=gap).fit(X)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_cross_validation_survives_a_channel_that_moves_in_one_block_alone(scale):
    y = ar2(800)
    still = np.zeros((800, 1))
    still[400] = scale
    alone, both = (ReSU(4, 4, criterion="cv").fit(X) for X in (y, np.hstack([y, still])))
    assert both.rank_ == alone.rank_ == 2
    np.testing.assert_allclose(both.selection_.rank_scores[:3], alone.selection_.rank_scores[:3], atol=0.2)


def test_trials_of_no_weight_take_no_part_in_the_blocks():
    one, other = ar2(60), ar2(5000, seed=1)
    alone = ReSU(criterion="cv").fit(one)
    both = ReSU(criterion="cv").fit([other, one, other], trial_weights=[0.0, 1.0, 0.0])
    np.testing.assert_allclose(both.selection_.rank_scores, alone.selection_.rank_scores, rtol=1e-9)
