"""Trials are gathered by weight, with progress, and from where an interrupted run was left."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina
from lamina._progress import reporting
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShortTrialWarning
from lamina.resu.admission import admit_sources
from lamina.resu.gathering import extend, gather
from lamina.resu.sources import ArraySource, ChunkSource, PairSource
from lamina.stats import LagMoments

FIELDS = ("past", "future", "cross", "past_mean", "future_mean")
TRIALS = [
    offset + np.random.default_rng(seed).standard_normal((length, 2))
    for seed, (offset, length) in enumerate([(0.0, 700), (2.0, 90), (-1.0, 5), (0.5, 333)])
]


class Interrupted(BaseException):
    """Stands for whatever ends a run in the middle."""


class Memory:
    """A checkpoint that keeps copies, and can end the run when it has saved so many times."""

    def __init__(self, every, saves=None):
        self.every, self.left, self.kept, self.places = every, saves, None, []

    def load(self):
        return copy.deepcopy(self.kept)

    def save(self, state):
        self.kept = copy.deepcopy(dict(state))
        self.places.append((state["trial"], state["samples"]))
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Interrupted

    def clear(self):
        self.kept = None


def fresh(**changes):
    return LagMoments(**{"memory": 4, "horizon": 3, "channels": 2} | changes)


def assert_same(found, expected, relative=0.0, center=True):
    for name in FIELDS:
        actual, desired = (np.asarray(getattr(side.covariances(center), name)) for side in (found, expected))
        assert np.linalg.norm(actual - desired) <= relative * np.linalg.norm(desired), name
    counts = ("n_windows", "n_trials", "n_short_trials", "n_samples")
    assert [getattr(found, name) for name in counts] == [getattr(expected, name) for name in counts]


def cut(array, lengths):
    return np.split(array, np.cumsum(lengths))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    lengths=st.lists(st.integers(1, 120), min_size=1, max_size=3),
    kinds=st.lists(st.sampled_from(["array", "iterator", "function"]), min_size=4, max_size=4),
    pieces=st.lists(st.integers(0, 30), max_size=12),
    weights=st.none() | st.lists(st.just(0.0) | st.floats(0.01, 100), min_size=4, max_size=4),
    half_life=st.none() | st.floats(5, 1e4),
    hole=st.integers(0, 150),
    paired=st.booleans(),
    every=st.none() | st.integers(1, 400),
    seed=st.integers(0, 2**32 - 1),
)
def test_chunks_kinds_weights_and_checkpoints_change_nothing_but_rounding(
    lengths, kinds, pieces, weights, half_life, hole, paired, every, seed
):
    rng = np.random.default_rng(seed)
    trials = [rng.uniform(-3, 3) + rng.standard_normal((length, 2)) for length in [*lengths, 40]]
    if hole < lengths[0]:
        trials[0][hole, hole % 2] = np.nan
    weights = None if weights is None else [*weights[: len(lengths)], 1.0]
    partners = [trial[:, :1] ** 2 for trial in trials]
    expected = fresh(channels=3 if paired else 2, half_life=half_life)
    for index, (trial, partner) in enumerate(zip(trials, partners, strict=True)):
        whole = np.hstack([trial, partner]) if paired else trial
        expected.update(whole, weight=1.0 if weights is None else weights[index]).end_trial()
    sources = []
    for index, (kind, trial) in enumerate(zip(kinds, trials, strict=False)):
        made = {
            "array": lambda trial=trial, index=index: ArraySource(f"X[{index}]", trial),
            "iterator": lambda trial=trial: ChunkSource("X", iter(cut(trial, pieces))),
            "function": lambda trial=trial: ChunkSource("X", lambda: iter(cut(trial, pieces))),
        }[kind]()
        partner = ChunkSource("future_of", iter(cut(partners[index], pieces[::-1])))
        sources.append(PairSource(made, partner) if paired else made)
    checkpoint = None if every is None else Memory(every)
    found = fresh(channels=3 if paired else 2, half_life=half_life)
    gather(found, sources, weights=weights, checkpoint=checkpoint)
    assert_same(found, expected, relative=1e-10)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    pieces=st.lists(st.integers(1, 40), max_size=15),
    weight=st.floats(0.01, 100),
    half_life=st.none() | st.floats(5, 1e4),
    hole=st.integers(0, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_trial_continued_in_pieces_is_the_trial(pieces, weight, half_life, hole, seed):
    whole = 1 + np.random.default_rng(seed).standard_normal((200, 2))
    if hole < 200:
        whole[hole] = np.nan
    expected = fresh(half_life=half_life).update(whole, weight=weight)
    found = fresh(half_life=half_life)
    for piece in cut(whole, pieces):
        if len(piece):
            extend(found, ArraySource("X", piece), weight)
    assert_same(found, expected, relative=1e-10)


def test_a_trial_is_ended_before_others_are_gathered():
    found = gather(fresh().update(TRIALS[0]), TRIALS[1:])
    expected = fresh()
    for trial in TRIALS:
        expected.update(trial).end_trial()
    assert_same(found, expected, relative=1e-12)


def test_a_trial_that_counts_three_times_is_three_trials():
    found = gather(fresh(), TRIALS, weights=np.array([1, 3, 1, 2]))
    repeated = gather(fresh(), [TRIALS[index] for index in (0, 1, 1, 1, 2, 3, 3)])
    for name in FIELDS:
        actual, desired = (getattr(side.covariances(False), name) for side in (found, repeated))
        np.testing.assert_allclose(actual, desired, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "ones",
    [[1, 1, 1, 1], (1.0,) * 4, np.ones(4), torch.ones(4), [np.float32(1)] * 4, pd.Series(1, range(9, 13))],
    ids=lambda ones: type(ones).__name__,
)
def test_weights_of_one_change_no_bit(ones):
    assert_same(gather(fresh(), TRIALS, weights=ones), gather(fresh(), TRIALS))


@pytest.mark.parametrize(
    ("weights", "error", "says"),
    [
        ([1.0], ArgumentError, r"trial_weights must be one number for each of 4 trial\(s\), got 1 number"),
        ([1.0] * 5, ArgumentError, "got 5 number"),
        ([], ArgumentError, "got 0 number"),
        ([1, 1, -2, 1], ArgumentError, r"trial_weights\[2\] must be .*got -2.0"),
        ([1, 1, 1, np.nan], ArgumentError, r"trial_weights\[3\] must be .*got nan"),
        ([1, np.inf, 1, 1], ArgumentError, r"trial_weights\[1\]"),
        ([1, "2", 1, 1], ArgumentTypeError, r"trial_weights\[1\]"),
        ([1, None, 1, 1], ArgumentTypeError, r"trial_weights\[1\]"),
        ([0, 0, 0, 0], ArgumentError, "trial_weights must be above 0 somewhere"),
        (2.0, ArgumentTypeError, "trial_weights must be a sequence"),
        ("1111", ArgumentTypeError, "trial_weights must be a sequence"),
        ({1: 1.0}, ArgumentTypeError, "trial_weights must be a sequence"),
        (np.ones((4, 1)), ArgumentTypeError, "trial_weights must be a sequence"),
        (np.float64(1.0), ArgumentTypeError, "trial_weights must be a sequence"),
    ],
)
def test_weights_that_cannot_be(weights, error, says):
    moments = fresh()
    with pytest.raises(error, match=f"{says}"):
        gather(moments, TRIALS, weights=weights)
    assert moments.n_samples == 0


# progress


def chunks_of(length, rows=10):
    return ChunkSource("X", iter(np.split(TRIALS[0][:length], range(rows, length, rows))))


@pytest.fixture
def small_chunks(monkeypatch):
    for name in ("_VIEWED", "_READ", "_READ_MOST"):
        monkeypatch.setattr(f"lamina.resu.gathering.{name}", 50 * 16)


@pytest.mark.usefixtures("small_chunks")
def test_progress_of_known_and_unknown_length():
    told = []
    found = gather(fresh(), TRIALS, progress=lambda *what: told.append(what))
    fractions = [fraction for fraction, _ in told]
    assert len(told) > 10
    assert fractions == sorted(fractions)
    assert fractions[0] == 50 / 1128
    assert told[-2:] == [(1128 - 33) / 1128, "1,095 of 1,128 samples"] or told[-1] == (1.0, "1,128 samples")
    assert_same(found, gather(fresh(), TRIALS))
    told.clear()
    gather(
        fresh(), [chunks_of(120), ArraySource("X[1]", TRIALS[1])], progress=lambda *what: told.append(what)
    )
    assert told[0] == (0.0, "50 samples")
    assert told[-1] == (1.0, "210 samples")


def test_progress_is_told_seldom_of_many_trials():
    told = []
    gather(fresh(), [TRIALS[1]] * 2000, progress=lambda *what: told.append(what))
    assert 100 < len(told) <= 201


def test_progress_that_fails_ends_the_fit_and_leaves_the_moments():
    def stop(fraction, text):
        raise Interrupted

    moments = fresh().update(TRIALS[1]).end_trial()
    with pytest.raises(Interrupted):
        gather(moments, TRIALS, progress=stop)
    assert_same(moments, fresh().update(TRIALS[1]).end_trial())


@pytest.mark.parametrize("nothing", [None, False])
def test_no_progress_prints_nothing(nothing, capfd):
    gather(fresh(), TRIALS, progress=nothing)
    assert capfd.readouterr() == ("", "")


def test_a_bar_is_shown_on_the_terminal_and_goes(monkeypatch, capfd):
    gather(fresh(), TRIALS, progress=True)
    assert capfd.readouterr() == ("", "")  # no terminal, no bar
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    for sources in (TRIALS, [chunks_of(120)]):
        gather(fresh(), sources, progress=True)
        out, err = capfd.readouterr()
        assert out == ""
        assert "reading" in err
        assert "\x1b[2K" in err  # its line is erased


@pytest.mark.parametrize("progress", [3, "yes", [print]])
def test_progress_that_cannot_be(progress):
    with pytest.raises(ArgumentTypeError, match="progress must be True, False"):
        gather(fresh(), TRIALS, progress=progress)


def test_reporting_passes_failures_on():
    told = []

    def fail_half_way():
        with reporting(lambda *what: told.append(what), 10) as report:
            report(5)
            raise Interrupted

    with pytest.raises(Interrupted):
        fail_half_way()
    assert told == [(0.5, "5 of 10 samples")]


# checkpoints


def sources_of(kind):
    if kind == "array":
        return list(TRIALS)
    if kind == "pair":
        return admit_pairs()
    return [ChunkSource(f"X[{i}]", iter(cut(trial, [3, 1, 100]))) for i, trial in enumerate(TRIALS)]


def admit_pairs():
    return [
        PairSource(ArraySource("X", trial[:, :1]), ChunkSource("future_of", iter(cut(trial[:, 1:], [9, 80]))))
        for trial in TRIALS
    ]


WEIGHTS = [1.0, 0.3, 2.0, 1.5]


@pytest.mark.parametrize("kind", ["array", "iterator", "pair"])
@pytest.mark.parametrize("every", [7, 64, 100, 400, 5000])
@pytest.mark.parametrize("half_life", [None, 200.0])
def test_interrupted_anywhere_and_resumed_is_the_same_to_the_bit(kind, every, half_life):
    made = {"half_life": half_life}
    whole = gather(fresh(**made), sources_of(kind), weights=WEIGHTS)
    undisturbed = Memory(every)
    expected = gather(fresh(**made), sources_of(kind), weights=WEIGHTS, checkpoint=undisturbed)
    assert_same(expected, whole, relative=1e-10)
    assert len(undisturbed.places) == (1128 // every + 1 if every <= 1128 else 0)
    checkpoint = Memory(every)
    moments = fresh(**made)
    for saves in [0, 1, 0, 2, 0, 0, 3] * 40:
        checkpoint.left = saves
        try:
            gather(moments, sources_of(kind), weights=WEIGHTS, checkpoint=checkpoint)
            break
        except Interrupted:
            assert moments.n_samples == 0
    else:
        pytest.fail("no end")
    assert_same(moments, expected)
    # where it is saved does not depend on where it was interrupted
    assert sorted(set(checkpoint.places)) == undisturbed.places
    # what was saved last is the end
    checkpoint.left = 0
    again = gather(fresh(**made), sources_of(kind), weights=WEIGHTS, checkpoint=checkpoint)
    assert_same(again, expected)


def test_a_generator_may_cut_its_chunks_otherwise_the_second_time():
    def source(lengths):
        return [ChunkSource("X", iter(cut(TRIALS[0], lengths)))]

    expected = gather(fresh(), source([100, 100]), checkpoint=Memory(90))
    checkpoint = Memory(90, saves=3)
    with pytest.raises(Interrupted):
        gather(fresh(), source([100, 100]), checkpoint=checkpoint)
    checkpoint.left = None
    assert_same(gather(fresh(), source([1] * 500), checkpoint=checkpoint), expected)


def test_a_torch_fit_is_resumed_as_one():
    tensors = [torch.asarray(trial, dtype=torch.float32) for trial in TRIALS]
    expected = gather(fresh(), tensors, checkpoint=Memory(100))
    checkpoint = Memory(100, saves=4)
    with pytest.raises(Interrupted):
        gather(fresh(), tensors, checkpoint=checkpoint)
    checkpoint.left = None
    state = checkpoint.kept["moments"]
    # a file gives arrays back as those of NumPy
    checkpoint.kept["moments"] = {n: v.numpy() if hasattr(v, "numpy") else v for n, v in state.items()}
    found = gather(fresh(), tensors, checkpoint=checkpoint)
    assert isinstance(found.covariances().past, torch.Tensor)
    assert_same(found, expected)


def left(trials=TRIALS, weights=None, saves=5, **changes):
    checkpoint = Memory(100, saves)
    with pytest.raises(Interrupted):
        gather(fresh(**changes), trials, weights=weights, checkpoint=checkpoint)
    checkpoint.left = None
    return checkpoint


def changed(trial, sample):
    trials = [part.copy() for part in TRIALS]
    trials[trial][sample] += 1e-9
    return trials


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ({"memory": 5}, "one with memory 4. Here memory is 5"),
        ({"horizon": 2}, "one with horizon 3. Here horizon is 2"),
        ({"gap": 2}, "one with gap 1. Here gap is 2"),
        ({"half_life": 9.0}, "one with half_life None. Here half_life is 9.0"),
        ({"trials": TRIALS[:3]}, "one with trials 4. Here trials is 3"),
        ({"trials": [*TRIALS[:3], TRIALS[3][:-1]]}, "one with samples 1128. Here samples is 1127"),
        ({"trials": [TRIALS[0], TRIALS[3], TRIALS[2], TRIALS[1]]}, "one of another recording"),
        ({"trials": [trial.astype(np.float32) for trial in TRIALS]}, "one with dtype float64"),
        ({"trials": [trial[:, :1] for trial in TRIALS], "channels": 1}, "one with channels 2"),
        ({"trials": changed(0, 0)}, "one of another recording"),
        ({"trials": changed(3, 40)}, "one of another recording"),
        ({"trials": changed(0, 599)}, "one of another recording"),  # where it was left
        ({"trials": sources_of("iterator")}, "one with samples 1128. Here samples is None"),
        ({"weights": WEIGHTS}, "one with other trial_weights"),
    ],
)
def test_a_checkpoint_of_another_fit_is_refused(now, says):
    checkpoint = left()
    assert checkpoint.places[-1] == (0, 600)
    trials, weights = now.pop("trials", TRIALS), now.pop("weights", None)
    moments = fresh(**now)
    with pytest.raises(ArgumentError, match=f"checkpoint must be one that .*{says}.*remove the checkpoint"):
        gather(moments, trials, weights=weights, checkpoint=checkpoint)
    assert moments.n_samples == 0
    assert checkpoint.kept is not None
    now.update(memory=4)


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept.clear(),
        lambda kept: kept.update(trial="0"),
        lambda kept: kept.update(samples=-1),
        lambda kept: kept.update(made_for=None),
        lambda kept: kept.update(moments=[]),
        lambda kept: kept.update(trial=4),
        lambda kept: kept["moments"].pop("clock"),
        lambda kept: kept["moments"].update(scatter=np.eye(3)),
        lambda kept: kept["moments"].update(scatter="x"),
        lambda kept: kept["moments"].update(version=2),
    ],
)
def test_a_checkpoint_with_another_content_is_refused(damage):
    checkpoint = left()
    damage(checkpoint.kept)
    with pytest.raises(ArgumentError, match=r"checkpoint must be one that .*remove the checkpoint"):
        gather(fresh(), TRIALS, checkpoint=checkpoint)


@pytest.mark.parametrize("checkpoint", ["fit.checkpoint", 3, object()])
def test_what_is_no_checkpoint(checkpoint):
    with pytest.raises(ArgumentTypeError, match=r"checkpoint must be a lamina\.io.Checkpoint or None"):
        gather(fresh(), TRIALS, checkpoint=checkpoint)


def test_values_whose_squares_overflow_leave_no_checkpoint_that_cannot_be_read():
    checkpoint = Memory(100)
    huge = gather(fresh(), [1e200 * trial for trial in TRIALS], checkpoint=checkpoint)
    assert checkpoint.places == []
    with pytest.raises(DataError, match="Rescale"):
        huge.covariances()


def test_whatever_fit_takes_can_be_resumed():
    class Unit:
        pass

    sources, channels = admit_sources(Unit(), [trial[:, 0] for trial in TRIALS], None, reset=True)
    assert channels is None
    checkpoint = left(sources, channels=1)
    expected = gather(fresh(channels=1), sources, checkpoint=Memory(100))
    assert_same(gather(fresh(channels=1), sources, checkpoint=checkpoint), expected)


def test_a_chunk_is_named_by_its_place_in_its_own_trial():
    trials = iter([TRIALS[0]]), iter([TRIALS[1], torch.from_numpy(TRIALS[2])])
    with pytest.raises(
        ArgumentTypeError, match=r"X\[1\] \(chunk 1, from sample 90\) must be an array of the lib"
    ):
        lamina.ReSU(3, 2, 1).fit(list(trials))
    mixed = [iter([TRIALS[0]]), torch.from_numpy(TRIALS[1])]
    with pytest.raises(
        ArgumentTypeError, match=r"X\[1\]( \(from sample 0\))? must be an array of the library"
    ):
        lamina.ReSU(3, 2, 1).fit(mixed, future_of=mixed_partners())
    unit = lamina.ReSU(3, 2, 1).partial_fit(TRIALS[0], future_of=TRIALS[0])
    tensor = torch.from_numpy(TRIALS[1])
    with pytest.raises(ArgumentTypeError, match=r"X \(from sample 0\) must be an array of the library"):
        unit.partial_fit(tensor, future_of=tensor)


def mixed_partners():
    return [TRIALS[0], torch.from_numpy(TRIALS[1])]


def test_the_warning_of_short_trials_points_to_who_fitted():
    with pytest.warns(ShortTrialWarning, match="1 of 2 trials are shorter than one window of 6") as told:
        lamina.ReSU(3, 3, 1).fit([TRIALS[0], TRIALS[2]])
    assert told[0].filename == __file__
    moments = LagMoments(3, 3, 1, 2).update(TRIALS[0]).end_trial().update(TRIALS[2]).end_trial()
    with pytest.warns(ShortTrialWarning) as told:
        lamina.ReSU.from_moments(moments, rank=1)
    assert told[0].filename == __file__
