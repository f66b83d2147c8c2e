"""ReSUMixing against lamina.ReSU and a naive canonical correlation analysis, and how it is fitted."""

import copy
import warnings

import numpy as np
import pytest
import torch

import lamina
from lamina.errors import ArgumentError, DataError, FewWindowsWarning, RankDeficientWarning, StateError
from lamina.layers.mixing.resu import ReSUMixing, ReSUMixingConfig
from lamina.stats import LagMoments

LENGTHS = (60, 41, 17, 9)


def coloured(batch=12, sequence=60, hidden=6, seed=0, offset=0.0):
    """Channels that remember and share what they remember, float64."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((batch, sequence + 20, hidden)) @ rng.standard_normal((hidden, hidden))
    for t in range(1, sequence + 20):
        noise[:, t] += 0.7 * noise[:, t - 1]
    return torch.from_numpy(noise[:, 20:] + offset)


def padding_of(lengths):
    return torch.arange(max(lengths)) >= torch.tensor(lengths)[:, None]


def naive(trials, memory, horizon, gap, rank):
    """Filters (rank, memory, channels) and mean of the past, from all lag vectors in one matrix."""
    pasts, futures = [], []
    for y in trials:
        for t in range(memory - 1, len(y) - gap - horizon + 1):
            pasts.append(np.concatenate([y[t - i] for i in range(memory)]))
            futures.append(np.concatenate([y[t + gap + j] for j in range(horizon)]))
    p, f = np.array(pasts), np.array(futures)
    joint = np.cov(np.hstack([p, f]), rowvar=False)
    size = p.shape[1]

    def root(c):
        values, vectors = np.linalg.eigh(c)
        return vectors @ np.diag(values**-0.5) @ vectors.T

    past_root = root(joint[:size, :size])
    _, sigma, right = np.linalg.svd(root(joint[size:, size:]) @ joint[size:, :size] @ past_root)
    psi = right[:rank] @ past_root
    psi *= np.sign(psi[np.arange(rank), np.abs(psi).argmax(1)])[:, None]
    return psi.reshape(rank, memory, -1), sigma[:rank], p.mean(0).reshape(memory, -1)


@pytest.mark.parametrize("groups", [1, 2])
def test_filters_are_those_of_a_naive_analysis(groups):
    x, mask = coloured(4), padding_of(LENGTHS)
    layer = ReSUMixing(6, memory=3, horizon=2, gap=2, groups=groups, rectify="none").double().fit(x, mask)
    width = 6 // groups
    for group in range(groups):
        part = x[..., group * width : (group + 1) * width].numpy()
        trials = [one[:length] for one, length in zip(part, LENGTHS, strict=True)]
        psi, sigma, mean = naive(trials, 3, 2, 2, width)
        np.testing.assert_allclose(layer.filters[group], psi, atol=1e-8)
        np.testing.assert_allclose(layer.canonical_correlations[group], sigma, atol=1e-10)
        y = layer(x)[1, 20, group * width : (group + 1) * width]
        window = np.stack([part[1, 20 - i] for i in range(3)])
        np.testing.assert_allclose(y, np.einsum("rmc,mc->r", psi, window - mean), atol=1e-8)


@pytest.mark.parametrize("rectify", ["none", "on", "off", "split"])
@pytest.mark.parametrize(
    "settings", [{}, {"center": False, "ridge": 0.1}, {"gap": 3, "rank": 2}, {"memory": 5, "horizon": 1}]
)
def test_filters_and_outputs_are_those_of_the_estimator(rectify, settings):
    x, mask = coloured(4, offset=3.0), padding_of(LENGTHS)
    chosen = {"memory": 4, "horizon": 3, "rank": 3, **settings}
    layer = ReSUMixing(12, groups=2, rectify=rectify, **chosen).double()
    both = torch.cat([x, coloured(4, seed=1, offset=-2.0)], dim=2)
    y = layer.fit(both, mask)(both, key_padding_mask=mask)
    for group in range(2):
        part = both[..., 6 * group : 6 * group + 6].numpy()
        trials = [one[:length] for one, length in zip(part, LENGTHS, strict=True)]
        unit = lamina.ReSU(rectify=rectify, **chosen).fit(trials)
        np.testing.assert_allclose(layer.filters[group], unit.filters_, atol=1e-9)
        for one, (trial, length) in enumerate(zip(trials, LENGTHS, strict=True)):
            expected = unit.transform(trial)
            found = y[one, :length, 6 * group : 6 * group + 6]
            np.testing.assert_allclose(found[:, : expected.shape[1]], expected, atol=1e-8)
            assert not found[:, expected.shape[1] :].any()


def test_batches_add_up_to_one_fit():
    x, mask = coloured(12), padding_of((60,) + (33,) * 11)
    settings = {"memory": 3, "horizon": 2, "groups": 3}
    whole = ReSUMixing(6, **settings).double().fit(x, mask)
    parts = ReSUMixing(6, **settings).double()
    for some in (slice(8, 12), slice(0, 1), slice(1, 8)):
        parts.partial_fit(x[some], mask[some])
    torch.testing.assert_close(parts.filters, whole.filters, rtol=0, atol=1e-9)
    torch.testing.assert_close(parts(x), whole(x), rtol=0, atol=1e-8)
    merged, other = whole.empty_moments(), whole.empty_moments()
    whole.gather(merged, x[:5], mask[:5])
    whole.gather(other, x[5:], mask[5:])
    parts.solve([one.merge(two) for one, two in zip(merged, other, strict=True)])
    torch.testing.assert_close(parts.filters, whole.filters, rtol=0, atol=1e-9)


def test_a_second_fit_forgets_the_first_and_partial_fit_goes_on_from_it():
    x = coloured(12)
    layer = ReSUMixing(6, memory=2, horizon=2).double().fit(coloured(12, seed=5)).fit(x[:6])
    torch.testing.assert_close(
        layer.filters, ReSUMixing(6, memory=2, horizon=2).double().fit(x[:6]).filters, rtol=0, atol=1e-12
    )
    layer.partial_fit(x[6:])
    torch.testing.assert_close(
        layer.filters, ReSUMixing(6, memory=2, horizon=2).double().fit(x).filters, rtol=0, atol=1e-9
    )


def test_what_is_padded_is_not_fitted_to():
    x, mask = coloured(4), padding_of(LENGTHS)
    layer = ReSUMixing(6, memory=3, horizon=2).double()
    clean = layer.fit(x, mask).filters.clone()
    for garbage in (torch.nan, torch.inf, 99.0):
        layer.fit(x.masked_fill(mask[..., None], garbage), mask)
        assert torch.equal(layer.filters, clean)
    holed = x.clone()
    holed[0, 30, 2] = torch.nan
    assert not torch.equal(layer.fit(holed, mask).filters, clean)
    assert torch.isfinite(layer.filters).all()


def test_nothing_of_a_unit_is_lost():
    x = coloured()
    plain = ReSUMixing(6, memory=4, horizon=3, rectify="none", rank=3).double().fit(x)(x)
    split = ReSUMixing(6, memory=4, horizon=3, rectify="split").double().fit(x)(x)
    torch.testing.assert_close(split[..., ::2] - split[..., 1::2], plain[..., :3])
    assert not plain[..., 3:].any()
    assert bool((split >= 0).all())
    assert not (split[..., ::2] * split[..., 1::2]).any()


def test_units_are_white_and_as_predictable_as_stated():
    x = coloured(40, 200)
    layer = ReSUMixing(6, memory=4, horizon=3, rectify="none").double().fit(x)
    z = layer(x)[:, 3:-3].flatten(0, 1)
    torch.testing.assert_close(torch.cov(z.T), torch.eye(6).double(), rtol=0, atol=1e-3)
    sigma = layer.canonical_correlations[0]
    assert bool((sigma[:-1] >= sigma[1:]).all())
    assert 0 < float(sigma[-1]) <= float(sigma[0]) < 1


def test_an_offset_costs_no_digits():
    x = coloured(offset=4096.0)
    exact = ReSUMixing(6, memory=4, horizon=3).double().fit(x)(x)
    # the input itself is rounded to float32 first
    narrow = x.float()
    layer = ReSUMixing(6, memory=4, horizon=3).fit(narrow)
    reference = ReSUMixing(6, memory=4, horizon=3).double().fit(narrow.double())(narrow.double())
    torch.testing.assert_close(layer(narrow).double(), reference, rtol=0, atol=2e-6)
    torch.testing.assert_close(reference, exact, rtol=0, atol=1e-2)


@pytest.mark.parametrize(("dtype", "allowed"), [(torch.float16, 4e-3), (torch.bfloat16, 3e-2)])
def test_an_offset_costs_no_digits_in_half_precision(dtype, allowed):
    x = coloured(offset=3000.0 if dtype == torch.float16 else 300.0).to(dtype)
    exact = ReSUMixing(6, memory=4, horizon=3).double().fit(x.double())(x.double())
    found = ReSUMixing(6, memory=4, horizon=3).to(dtype).fit(x)(x)
    torch.testing.assert_close(found.double(), exact, rtol=allowed, atol=allowed)


def test_before_it_is_fitted_it_says_so():
    layer = ReSUMixing(6)
    assert not layer.fitted
    for call in (lambda: layer(torch.zeros(1, 3, 6)), lambda: layer.step(torch.zeros(1, 6))):
        with pytest.raises(StateError, match="Call fit on its input"):
            call()
    with pytest.raises(torch._dynamo.exc.Unsupported, match="Call fit on its input"):
        torch.compile(layer, fullgraph=True, backend="eager")(torch.zeros(1, 3, 6))


def test_a_state_dict_tells_whether_it_has_filters():
    x = coloured().float()
    layer = ReSUMixing(6, memory=3, horizon=2).fit(x)
    other = torch.nn.Sequential(ReSUMixing(6, memory=3, horizon=2))
    fresh = copy.deepcopy(other.state_dict())
    other.load_state_dict({f"0.{name}": value for name, value in layer.state_dict().items()})
    torch.testing.assert_close(other(x), layer(x), rtol=0, atol=0)
    with pytest.raises(StateError, match="moments"):
        other[0].partial_fit(x)
    other.load_state_dict(fresh)
    assert not other[0].fitted
    copied = copy.deepcopy(layer)
    copied.load_state_dict(layer.state_dict())
    with pytest.raises(StateError, match="moments"):
        copied.partial_fit(x)
    copied.load_state_dict(fresh := {name[2:]: value for name, value in fresh.items()})
    assert not copied.fitted
    assert layer.fitted
    assert set(fresh) == {"filters", "reference", "offsets", "canonical_correlations", "has_filters"}


def test_steps_go_on_from_reordered_states():
    x = coloured(3, 20)
    layer = ReSUMixing(6, memory=5, horizon=3, groups=2, rectify="none").double().fit(coloured(20))
    state, outputs = None, []
    for t in range(20):
        y, state = layer.step(x[:, t], state)
        outputs.append(y)
    torch.testing.assert_close(torch.stack(outputs, 1), layer(x))
    turned = type(state)(*(part[[2, 0, 1]] for part in state))
    torch.testing.assert_close(
        layer.step(x[[2, 0, 1], 0], turned)[0], layer.step(x[:, 0], state)[0][[2, 0, 1]]
    )


def test_too_little_is_waited_out_in_batches_and_an_error_at_once():
    layer = ReSUMixing(6, memory=3, horizon=2, ridge=0.1).double()
    x = coloured(2, 5)
    with pytest.raises(DataError, match="two windows of 5 positions"):
        layer.fit(x[:1])
    assert not layer.fitted
    assert not layer.partial_fit(x[:1]).fitted
    assert layer.partial_fit(x[1:]).fitted


def test_data_that_cannot_be_leave_the_layer_as_it_was():
    x = coloured()
    layer = ReSUMixing(6, memory=3, horizon=2, groups=2).double().fit(x)
    before = copy.deepcopy(layer.state_dict())
    bad = x.clone()
    bad[0, 5, 5] = torch.inf
    for given, words in (
        (bad, "^x must be finite"),
        (torch.ones_like(x) * 0.1, "vary"),
        (x[:, :4], "two windows"),
    ):
        with pytest.raises(DataError, match=words):
            layer.fit(given)
    with pytest.raises(DataError, match="finite"):
        layer.partial_fit(bad)
    layer.partial_fit(x[:0])
    torch.testing.assert_close(layer.state_dict(), before, rtol=0, atol=0)


def test_missing_directions_are_zero_and_said_once():
    x = coloured(hidden=8)
    x[..., 1:4] = 0.3
    # a constant that was computed, and rounded now this way and now that
    x[:, ::3, 2] = torch.nextafter(x[:, ::3, 2], torch.tensor(1.0).double())
    x[..., 6:] = x[..., 4:6]
    layer = ReSUMixing(8, memory=1, horizon=1, groups=2, rectify="none").double()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        layer.fit(x)
    assert [one.category for one in said] == [RankDeficientWarning]
    assert said[0].filename == __file__
    assert layer.filters.flatten(2).any(2).sum(1).tolist() == [1, 2]
    assert not layer.filters[0, :, :, 1:].any(), "a constant is not whitened"
    y = layer(x)
    assert y.flatten(0, 1).any(0).tolist() == [True, False, False, False, True, True, False, False]
    x[..., 4:] = 0.1
    with pytest.warns(RankDeficientWarning, match=r"2 of 2 group\(s\)"):
        layer.fit(x)
    assert not layer(x)[..., 4:].any()


def test_a_constant_foretells_itself_where_means_stay():
    x = coloured(hidden=2)
    x[..., 1] = 2.0
    layer = ReSUMixing(2, memory=2, horizon=2, center=False, rectify="none", rank=1).double().fit(x)
    torch.testing.assert_close(layer.canonical_correlations, torch.ones(1, 1).double())
    assert layer.filters[..., 1].abs().max() > 0.1


def test_too_few_windows_are_said():
    with pytest.warns(FewWindowsWarning, match="36 windows are too few"):
        ReSUMixing(6, memory=3, horizon=4).double().fit(coloured(3, 18))
    ReSUMixing(6, memory=3, horizon=4, ridge=0.1).double().fit(coloured(3, 18))
    # 18 + 24 directions: what is centred has lost one window to the mean
    enough = coloured(1, 42 + 6)
    ReSUMixing(6, memory=3, horizon=4, center=False).double().fit(enough)
    with pytest.warns(FewWindowsWarning, match="42 windows are too few"):
        ReSUMixing(6, memory=3, horizon=4).double().fit(enough)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"groups": 4}, r"^groups must be a divisor of hidden_dim = 6"),
        ({"groups": 6}, r"^groups must be at most 3"),
        ({"rank": 4}, r"^rank must be at most 3"),
        ({"rank": 0}, r"^rank must be"),
        ({"memory": 0}, r"^memory must be"),
        ({"horizon": 1.5}, r"^horizon must be"),
        ({"gap": 0}, r"^gap must be"),
        ({"rectify": "both"}, r"^rectify must be"),
        ({"center": 1}, r"^center must be"),
        ({"ridge": -0.1}, r"^ridge must be"),
        ({"ridge": float("inf")}, r"^ridge must be"),
    ],
)
def test_wrong_settings_are_named(wrong, words):
    with pytest.raises(ArgumentError, match=words):
        ReSUMixing(6, **wrong)
    with pytest.raises(ArgumentError, match=words):
        ReSUMixingConfig(hidden_dim=6, **wrong)


def test_rank_may_be_what_the_group_holds_for_every_rectification():
    assert ReSUMixing(6, groups=6, rectify="on").rank == 1
    assert ReSUMixing(7, rectify="split").rank == 3
    assert ReSUMixing(7, rectify="none").rank == 7


def test_groups_do_not_meet():
    x = coloured()
    layer = ReSUMixing(6, memory=3, horizon=2, groups=3).double().fit(x)
    changed = x.clone()
    changed[..., 2:4] = 7.0
    same = (layer(x) == layer(changed)).flatten(0, 1).all(0)
    assert same.tolist() == [True, True, False, False, True, True]


def test_moments_are_gathered_without_gradients_and_in_double_precision():
    x = coloured().float().requires_grad_()
    layer = ReSUMixing(6, memory=3, horizon=2).double().fit(x)
    expected = ReSUMixing(6, memory=3, horizon=2).double().fit(x.detach().double())
    assert torch.equal(layer.filters, expected.filters)
    assert not any(one.requires_grad for one in layer.buffers())
    assert isinstance(layer.empty_moments()[0], LagMoments)
