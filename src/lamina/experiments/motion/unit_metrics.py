"""Every number of one kind of unit over the repetitions, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lamina.experiments.motion.config import GRATING_SD
from lamina.experiments.motion.connectome import compare, unit_length
from lamina.experiments.motion.detectors import Response, Tested
from lamina.experiments.motion.study import Study
from lamina.experiments.motion.thresholds import learned_threshold, share_left

WAYS = {1: "right", -1: "left"}


def unit_metrics(tested: Sequence[Tested], studies: Sequence[Study]) -> dict[str, Any]:
    """Collect what a unit did in every repetition.

    Parameters
    ----------
    tested, studies
        One of each per repetition.

    Returns
    -------
    dict
        Lists over repetitions; peak responses are pairs, preferred and null, in standard deviations of the
        training response. An index that is a ratio of two nothings is None.
    """
    detectors = [each.detector for each in tested]
    return {
        "index": [each.headline.index for each in tested],
        "preferred_response_sd": [each.headline.preferred for each in tested],
        "null_response_sd": [each.headline.null for each in tested],
        "prefers": [WAYS[detector.preferred] for detector in detectors],
        "training_index": [detector.training_index for detector in detectors],
        "direction": [detector.direction + 1 for detector in detectors],
        "half": ["positive" if detector.sign > 0 else "negative" for detector in detectors],
        "training_scenes_sd": [_pair(each.training) for each in tested],
        "held_out_scenes_sd": [_pair(each.held_out) for each in tested],
        "held_out_scenes_index": [each.held_out.index for each in tested],
        "held_out_scenes_null_sd": [each.held_out.null for each in tested],
        "before_rectification_sd": {
            name: [_pair(each.swings[name]) for each in tested] for name in tested[0].swings
        },
        "paper_second_direction_index": [each.paper for each in tested],
        "layer2_canonical_correlations": [
            detector.network.layers_[1].canonical_correlations_.tolist() for detector in detectors
        ],
        "every_direction_index": [each.directions.tolist() for each in tested],
        "weights": unit_length(
            np.mean([unit_length(detector.weights) for detector in detectors], axis=0)
        ).tolist(),
        "responses_sd": {
            name: [_pair(each.responses[name]) for each in tested] for name in tested[0].responses
        },
        "threshold": {
            "silences_the_pattern_sd": [each.headline.null for each in tested],
            "preferred_share_left": [share_left(each.headline, each.headline.null) for each in tested],
            "silences_training_scenes_sd": [learned_threshold(each) for each in tested],
            "then_left_on_held_out_scenes": [
                share_left(each.held_out, learned_threshold(each)) for each in tested
            ],
        },
        "gratings": _gratings(studies),
        "speeds": {
            "speeds_deg_per_s": studies[0].speeds.speeds_deg_per_s.tolist(),
            "peaks_sd": {
                name: [study.speeds.peaks[name].tolist() for study in studies]
                for name in studies[0].speeds.peaks
            },
        },
        "mechanism": _mechanism(studies),
    }


def likeness_metrics(weights: Sequence[np.ndarray]) -> dict[str, Any]:
    """Compare weights with the connectome's: their mean over repetitions, and each repetition's.

    Parameters
    ----------
    weights
        ``(2, 3)`` of every repetition.

    Returns
    -------
    dict
        What `lamina.experiments.motion.connectome.Likeness` holds, and the correlation of every repetition.
    """
    mean = np.mean([unit_length(each) for each in weights], axis=0)
    return {**asdict(compare(mean)), "each": [compare(each).correlation for each in weights]}


def _gratings(studies: Sequence[Study]) -> dict[str, Any]:
    driven = [study.gratings.driven(GRATING_SD) for study in studies]
    first = studies[0].gratings
    return {
        "temporal_frequencies_hz": first.frequencies_hz.tolist(),
        "wavelengths_deg": first.wavelengths_deg.tolist(),
        "preferred_sd": [study.gratings.preferred.tolist() for study in studies],
        "index": [_numbers(study.gratings.index) for study in studies],
        "best_grating_index": [study.gratings.best for study in studies],
        "driven_gratings": [len(each) for each in driven],
        "driven_gratings_mean_index": [float(each.mean()) if len(each) else None for each in driven],
    }


def _mechanism(studies: Sequence[Study]) -> dict[str, Any]:
    found = [study.mechanism for study in studies]
    return {
        "without_sd": {name: [_pair(each.without[name]) for each in found] for name in found[0].without},
        "alone_sd": {name: [_pair(each.alone[name]) for each in found] for name in found[0].alone},
        "shares_of_the_difference_sd": [each.shares.tolist() for each in found],
        "at_the_peak_sd": [each.at_peak.tolist() for each in found],
        "edge": [each.edge for each in found],
        "edge_change_sd": [each.edge_change.tolist() for each in found],
        "edge_time_s": [each.edge_time_s.tolist() for each in found],
    }


def _pair(response: Response) -> list[float]:
    return [response.preferred, response.null]


def _numbers(values: np.ndarray) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in values]
