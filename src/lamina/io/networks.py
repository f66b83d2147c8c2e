"""A fitted ReSUNetwork as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from lamina.errors import LaminaError, StateError
from lamina.io.records import Arrays, NotInOrderError
from lamina.io.units import (
    Description,
    as_json,
    describe_unit,
    from_json,
    rebuild_unit,
)
from lamina.resu import ReSU, ReSULayer, ReSUNetwork
from lamina.resu.network import learned_on

_FIELDS = tuple(field.name for field in fields(ReSULayer))
_ADDED = {"field": "square"}  # what files do not say that were written before there was a choice
_SHARED = ("memory", "horizon", "rank", "gap", "rectify", "center", "objective", "ridge")


def describe_network(network: ReSUNetwork) -> tuple[Description, Arrays]:
    """Turn a fitted network into a description, which JSON can hold, and arrays.

    Parameters
    ----------
    network
        Fitted.

    Returns
    -------
    description
        The plan of every layer, and the description of its units.
    arrays
        Those of the units of layer i as ``layers.i.name``.

    Raises
    ------
    StateError
        If it is not fitted, or its layers were changed since.
    """
    if "layers_" not in vars(network):
        raise StateError("This ReSUNetwork holds nothing to save yet. Call fit first.")
    if list(network.layers) != network.plan_:
        raise StateError("The layers were changed since the fit. Call fit before saving.")
    layers: list[Description] = []
    arrays: Arrays = {}
    for depth, (layer, unit) in enumerate(zip(network.plan_, network.layers_, strict=True)):
        description, unit_arrays = describe_unit(unit)
        layers.append(
            {"plan": {name: as_json(getattr(layer, name)) for name in _FIELDS}, "unit": description}
        )
        arrays.update({f"layers.{depth}.{name}": array for name, array in unit_arrays.items()})
    return {"class": "ReSUNetwork", "layers": layers}, arrays


def rebuild_network(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ReSUNetwork:
    """Turn what `describe_network` gave back into a fitted network, after checking every part of it.

    Parameters
    ----------
    description, arrays
        As read; nothing about them is taken for granted.

    Returns
    -------
    ReSUNetwork
        Fitted, with NumPy arrays.

    Raises
    ------
    NotInOrderError
        If anything is missing, superfluous, out of range, or does not go with the rest.
    """
    parts = description.get("layers")
    if not isinstance(parts, list) or not parts:
        raise NotInOrderError("it holds no layers")
    by_layer = _by_layer(arrays, len(parts))
    layers: list[ReSULayer] = []
    units: list[ReSU] = []
    outputs_below = 1
    for depth, part in enumerate(parts):
        if not isinstance(part, dict) or not isinstance(part.get("unit"), dict):
            raise NotInOrderError(f"layer {depth} is not described")
        unit = rebuild_unit(part["unit"], by_layer[depth])
        layer = _rebuild_layer(part.get("plan"), unit, depth)
        _check_channels(layer, unit, outputs_below, depth)
        layers.append(layer)
        units.append(unit)
        outputs_below = len(unit.get_feature_names_out())
    if not learned_on(layers, units):
        raise NotInOrderError("its layers were learned on retinas of different dimensions")
    network = ReSUNetwork(layers)
    network.layers_, network.plan_ = units, layers
    network.valid_from_ = [int(count) for count in np.cumsum([layer.memory - 1 for layer in layers])]
    return network


def _by_layer(arrays: Mapping[str, np.ndarray], count: int) -> list[Arrays]:
    by_layer: list[Arrays] = [{} for _ in range(count)]
    depths = {str(depth): depth for depth in range(count)}
    for full_name, array in arrays.items():
        room, _, rest = full_name.partition(".")
        depth, _, name = rest.partition(".")
        if room != "layers" or depth not in depths or not name:
            raise NotInOrderError(f"it holds an array {full_name[:40]!r} that belongs to no layer")
        by_layer[depths[depth]][name] = array
    return by_layer


def _rebuild_layer(plan: Any, unit: ReSU, depth: int) -> ReSULayer:
    if isinstance(plan, dict):
        plan = _ADDED | plan
    if not isinstance(plan, dict) or set(plan) != set(_FIELDS):
        raise NotInOrderError(f"the plan of layer {depth} is not that of a ReSULayer")
    whole = {name: from_json(value) for name, value in plan.items()}
    # the unit was checked against its arrays: a plan that agrees with it asks for no more memory than it has
    if any(whole[name] != getattr(unit, name) for name in _SHARED):
        raise NotInOrderError(f"the units of layer {depth} have other parameters than its plan")
    try:
        return ReSULayer(**whole)
    except LaminaError as error:
        raise NotInOrderError(f"the plan of layer {depth} cannot be: {error}") from error


def _check_channels(layer: ReSULayer, unit: ReSU, outputs_below: int, depth: int) -> None:
    channels: list[int] = []
    for axes in (1, 2):
        try:
            channels.append(layer.n_channels(outputs_below, axes))
        except LaminaError as error:
            # a field of rows and columns goes with no row of pixels; what a grid refuses cannot be at all
            if axes == 2:
                raise NotInOrderError(f"layer {depth} does not fit on the one below: {error}") from error
    if vars(unit)["n_features_in_"] not in channels or unit.future_channels_ is not None:
        raise NotInOrderError(f"the units of layer {depth} have other channels than its plan gives them")
