"""Layers of ReSUMixing in a model are fitted one after the other, each to what reaches it."""

import numpy as np
import pytest
import torch
from torch import nn

from lamina.errors import ArgumentError, ArgumentTypeError, DataError, StateError
from lamina.layers.block import SpectralBlock
from lamina.layers.mixing.resu import ReSUMixing
from lamina.layers.mixing.resu_encoder import fit_encoder


def coloured(batch=12, sequence=40, hidden=6, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((batch, sequence, hidden)).cumsum(1))


def mask_for(x):
    lengths = torch.arange(x.shape[0]) % 25 + 12
    return torch.arange(x.shape[1]) >= lengths[:, None]


def mixer():
    return ReSUMixing(6, memory=3, horizon=2, ridge=0.01).double()


def block(seed, dropout=0.5):
    generator = torch.Generator().manual_seed(seed)
    return SpectralBlock(mixer(), dropout=dropout, generator=generator, dtype=torch.float64)


class Backwards(nn.Module):
    """Runs its layers in another order than they were made, and asks for keywords of its own."""

    def __init__(self):
        super().__init__()
        self.last, self.first = mixer(), mixer()
        self.linear = nn.Linear(6, 6, dtype=torch.float64)

    def forward(self, values, padding=None):
        x = self.linear(self.first(x=values, key_padding_mask=padding))
        return self.last(x, key_padding_mask=padding)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", [list, nn.ModuleList])
def test_each_layer_is_fitted_to_what_reaches_it(masked, kind):
    x = coloured()
    mask = mask_for(x) if masked else None
    batches = [(x[:7], mask[:7]), (x[7:], mask[7:])] if masked else [x[:7], (x[7:],)]
    blocks = kind([block(seed) for seed in range(3)])
    blocks[1].eval()
    before = [one.clone() for part in blocks for one in part.parameters()]
    assert fit_encoder(blocks, batches) is blocks
    assert [one.training for one in blocks] == [True, False, True], "dropout is off, and on again after"
    hidden = x
    for part in blocks:
        part.eval()
        normed = part.norm1(hidden)
        alone = mixer().fit(normed.detach(), mask)
        torch.testing.assert_close(part.mixer.filters, alone.filters, rtol=0, atol=1e-8)
        assert not part.mixer._forward_pre_hooks
        hidden = part(hidden, key_padding_mask=mask)
    after = [one for part in blocks for one in part.parameters()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert all(one.grad is None for one in after)


def test_the_order_is_that_of_execution():
    x, model = coloured(), Backwards()
    mask = mask_for(x)
    fit_encoder(model, [{"values": x, "padding": mask}])
    by_hand = mixer().fit(x, mask)
    torch.testing.assert_close(model.first.filters, by_hand.filters, rtol=0, atol=1e-9)
    inner = model.linear(by_hand(x, key_padding_mask=mask)).detach()
    torch.testing.assert_close(model.last.filters, mixer().fit(inner, mask).filters, rtol=0, atol=1e-8)


def test_a_sequential_passes_the_mask_to_those_who_take_it():
    x = coloured()
    mask = mask_for(x)
    model = nn.Sequential(mixer(), nn.Tanh(), mixer())
    fit_encoder(model, [(x, mask)])
    inner = torch.tanh(model[0](x, key_padding_mask=mask))
    torch.testing.assert_close(model[2].filters, mixer().fit(inner, mask).filters, rtol=0, atol=1e-8)


def test_a_loader_with_labels_is_run_by_a_function():
    x = coloured()
    labelled = torch.utils.data.TensorDataset(x, torch.arange(12.0))
    loader = torch.utils.data.DataLoader(labelled, batch_size=5)
    model = nn.Sequential(mixer(), mixer())
    with pytest.raises(ArgumentTypeError, match=r"run=\.\.\."):
        fit_encoder(model, loader)
    fit_encoder(model, loader, run=lambda batch: model(batch[0]))
    expected = fit_encoder(nn.Sequential(mixer(), mixer()), [x])
    torch.testing.assert_close(model(x), expected(x), rtol=0, atol=1e-7)


def test_it_can_be_done_again_on_other_data():
    x, other = coloured(), coloured(seed=1)
    model = fit_encoder(nn.Sequential(mixer(), mixer()), [other])
    fit_encoder(model, [x])
    expected = fit_encoder(nn.Sequential(mixer(), mixer()), [x])
    torch.testing.assert_close(model(x), expected(x), rtol=0, atol=1e-9)


def test_a_shared_layer_is_fitted_to_its_first_input():
    x, shared = coloured(), mixer()
    fit_encoder([shared, nn.Tanh(), shared], [x])
    torch.testing.assert_close(shared.filters, mixer().fit(x).filters, rtol=0, atol=1e-9)


def test_what_cannot_be():
    x, model = coloured(), nn.Sequential(mixer(), nn.Dropout(0.5), mixer())
    with pytest.raises(ArgumentError, match="at least one ReSUMixing"):
        fit_encoder(nn.Linear(2, 2), [x])
    for batches in (x, iter([x]), {"x": x}):
        with pytest.raises(ArgumentTypeError, match="more than once"):
            fit_encoder(model, batches)
    with pytest.raises(StateError, match="2 of 2"):
        fit_encoder(model, [])
    for wrong in ("text", (x, x), (x, x, x)):
        with pytest.raises(ArgumentTypeError, match="batches"):
            fit_encoder(model, [wrong])
    never = nn.ModuleDict({"used": mixer(), "unused": mixer()})
    with pytest.raises(StateError, match="1 of 2"):
        fit_encoder(never, [x], run=lambda batch: never["used"](batch))
    with pytest.raises(DataError, match="vary"):
        fit_encoder(model, [torch.ones_like(x)])
    assert all(one.training for one in model.modules())
    assert not model[0].fitted
    assert not model[0]._forward_pre_hooks
