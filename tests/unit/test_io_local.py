"""A unit that learns locally, as plain data and back: it goes on learning as if nothing had happened."""

import json

import numpy as np
import pandas as pd
import pytest

from lamina.errors import StateError
from lamina.io.local import describe_local, rebuild_local
from lamina.io.units import NotInOrderError
from lamina.resu.local import LocalReSU


def recording(seed=0, time=400, channels=2):
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.standard_normal((time, channels)), axis=0) * 0.1 + rng.standard_normal(
        (time, channels)
    )


def fitted(**parameters):
    return LocalReSU(**{"memory": 4, "horizon": 3, "rank": 2, **parameters}).partial_fit(recording())


def through_json(unit):
    description, arrays = describe_local(unit)
    return json.loads(json.dumps(description)), arrays


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"rule": "bio", "gap": 2, "lateral_time": 0.5},
        {"half_life": np.float32(100), "rectify": ["none", "split"], "averaging": None, "sampling_rate": 50},
    ],
)
def test_it_goes_on_learning_identically(parameters):
    unit = fitted(**parameters)
    again = rebuild_local(*through_json(unit))
    assert {**again.get_params(), "rectify": 0} == {**unit.get_params(), "rectify": 0}
    assert again.modes_ == unit.modes_
    more = recording(1)
    for sample in np.split(more, 20):
        unit.partial_fit(sample)
        again.partial_fit(sample)
    for name, array in unit.state_.arrays().items():
        np.testing.assert_array_equal(getattr(again.state_, name), array)
    np.testing.assert_array_equal(again.transform(more), unit.transform(more))


def test_neither_shares_arrays_with_the_other():
    unit = fitted()
    description, arrays = describe_local(unit)
    again = rebuild_local(description, arrays)
    before = unit.filters_
    again.partial_fit(recording(2))
    for array in arrays.values():
        array[:] = 0
    np.testing.assert_array_equal(unit.filters_, before)
    assert (again.filters_ != before).any()


def test_names_of_channels_are_kept():
    frame = pd.DataFrame(recording(), columns=["left", "right"])
    again = rebuild_local(*through_json(LocalReSU(4, 3, 2).fit(frame)))
    assert again.feature_names_in_.tolist() == ["left", "right"]
    again.transform(frame)


def test_what_has_not_learned_or_was_changed_is_not_described():
    with pytest.raises(StateError, match="nothing to save"):
        describe_local(LocalReSU(4, 3, 2))
    with pytest.raises(StateError, match="Call fit to begin anew"):
        describe_local(fitted().set_params(gap=2))
    with pytest.raises(StateError, match="learning_rate"):
        describe_local(fitted().set_params(learning_rate=-1))


def wrong(change):
    description, arrays = through_json(fitted())
    change(description, arrays)
    return description, arrays


HOSTILE = {
    "no parameters": lambda d, a: d.pop("parameters"),
    "another parameter": lambda d, a: d["parameters"].update(cheat=1),
    "a parameter out of range": lambda d, a: d["parameters"].update(gap=-1),
    "a huge memory": lambda d, a: d["parameters"].update(memory=10**15),
    "a huge rank": lambda d, a: d["parameters"].update(rank=10**15),
    "another rank": lambda d, a: d["parameters"].update(rank=1),
    "rank that is no number": lambda d, a: d["parameters"].update(rank=2.0),
    "another rule": lambda d, a: d["parameters"].update(rule="hebb"),
    "parameters of text": lambda d, a: d.update(parameters="none"),
    "no account of what was seen": lambda d, a: d.pop("fitted"),
    "a negative count": lambda d, a: d["fitted"].update(n_steps=-1),
    "a count that is no number": lambda d, a: d["fitted"].update(n_steps="7"),
    "a count that is true": lambda d, a: d["fitted"].update(channels=True),
    "a count too large": lambda d, a: d["fitted"].update(n_samples=2**70),
    "more steps than samples": lambda d, a: d["fitted"].update(n_steps=10**6),
    "a window that is too whole": lambda d, a: d["fitted"].update(since_gap=100),
    "other channels": lambda d, a: d["fitted"].update(channels=3),
    "too few names": lambda d, a: d["fitted"].update(feature_names=["left"]),
    "names that are numbers": lambda d, a: d["fitted"].update(feature_names=[1, 2]),
    "an array missing": lambda d, a: a.pop("tail"),
    "an array too many": lambda d, a: a.update(more=np.zeros(1)),
    "an array of another type": lambda d, a: a.update(mean=np.zeros(2, dtype=np.float32)),
    "an array of another shape": lambda d, a: a.update(lateral=np.zeros((2, 3))),
    "weights without a second axis": lambda d, a: a.update(past_weights=np.zeros(2)),
    "an infinite weight": lambda d, a: a["past_weights"].__setitem__((0, 0), np.inf),
    "a weight that is no number": lambda d, a: a["average_lateral"].__setitem__((0, 0), np.nan),
    "a negative variance": lambda d, a: a["variance"].__setitem__(0, -1.0),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_in_order_is_refused(name):
    description, arrays = wrong(HOSTILE[name])
    with pytest.raises(NotInOrderError):
        rebuild_local(description, arrays)
