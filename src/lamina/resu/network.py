"""Units stacked over space: a greedy, feed-forward network on a retina of one or two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, overload

import numpy as np
from array_api_compat import array_namespace
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_integer
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.resu.admission import is_list_of_trials, like
from lamina.resu.estimator import ReSU
from lamina.resu.layer import ReSULayer, by
from lamina.resu.movies import alike, as_stack, check_movies, check_shape, together
from lamina.resu.projection import project
from lamina.resu.rectification import rectify
from lamina.stats import LagMoments
from lamina.typing import Array, Progress, Trials


class ReSUNetwork(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Layers of Rectified Spectral Units over a retina, each learned on the outputs of the one below.

    The retina is a row of pixels, or a grid of them. Every position of a layer holds the same units, looking
    at its own part of the layer below. In learning positions are trials of the same moments. Layers are
    learned in turn, each in one pass over the movies.

    Parameters
    ----------
    layers
        One `ReSULayer` each, from the pixels upwards.

    Attributes
    ----------
    layers_ : list of ReSU
        The fitted units of each layer.
    plan_ : list of ReSULayer
        What they were fitted by; `transform` goes by it, whatever ``layers`` has become since.
    valid_from_ : list of int
        For each layer the first sample that depends on no missing history, Σ (memory − 1) so far.

    Notes
    -----
    Outputs before the lower layer's ``valid_from_`` are not learned from. A NaN pixel is a gap for the
    positions that see it, and for no others.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Fig. 5: two layers, the second with gap 5 and uncentred.

    Examples
    --------
    >>> import numpy as np
    >>> pattern = np.convolve(np.random.default_rng(0).standard_normal(600), np.ones(5), mode="valid")
    >>> movie = np.stack([np.roll(pattern, 2 * pixel) for pixel in range(6)], axis=1)  # moving right
    >>> photoreceptors = ReSULayer(memory=6, horizon=6, rank=2, rectify=["none", "on"])
    >>> motion = ReSULayer(memory=1, horizon=1, rank=2, gap=3, width=3, center=False, rectify="split")
    >>> network = ReSUNetwork([photoreceptors, motion]).fit(movie)
    >>> network.transform(movie).shape
    (596, 4, 4)

    On a grid of pixels, with a unit that sees a position and its four neighbours:

    >>> movie = np.random.default_rng(0).standard_normal((200, 5, 6))  # time, height, width
    >>> local = ReSULayer(memory=1, horizon=1, rank=2, width=3, field="cross")
    >>> ReSUNetwork([photoreceptors, local]).fit(movie).transform(movie).shape
    (200, 3, 4, 2)
    """

    def __init__(self, layers: Sequence[ReSULayer]) -> None:
        self.layers = layers

    def fit(self, movies: Trials, y: None = None, *, progress: Progress | None = None) -> Self:
        """Learn the layers greedily, from the pixels upwards.

        Parameters
        ----------
        movies
            One (time, pixels) or (time, height, width) array, or a list of such of one kind, of any lengths
            and sizes; NaN marks a gap.
        y
            Ignored.
        progress
            Called now and then with the fraction done and what is being done.

        Returns
        -------
        ReSUNetwork
            The network itself.

        Raises
        ------
        ArgumentError
            ``layers`` is empty or holds something else, a rank exceeds what its layer's inputs allow,
            ``inputs`` names an output that does not exist, or a receptive field of rows and columns meets
            movies of a row of pixels.
        ShapeError
            A movie has another number of axes than allowed or than the others, or is smaller than a receptive
            field.
        DataError
            Infinite, too short for a layer's window, or constant.

        Warns
        -----
        RankDeficientWarning
            A layer's inputs hold fewer directions than its rank.
        """
        layers = self._check_layers()
        stacks = [as_stack(movie) for movie in check_movies("movies", movies)]
        axes = stacks[0].ndim - 2
        self._check_plan(layers, tuple(min(stack.shape[axis] for stack in stacks) for axis in range(axes)))
        _check_length(layers[0], max(stack.shape[-2] for stack in stacks))
        fitted: list[ReSU] = []
        first_valid, outputs = 0, 1
        for depth, layer in enumerate(layers):
            moments = LagMoments(layer.memory, layer.horizon, layer.gap, layer.n_channels(outputs, axes))
            done_movies = 0
            for members in alike(stacks):
                if progress is not None:
                    done = (depth + done_movies / len(stacks)) / len(layers)
                    progress(done, f"learning layer {depth + 1} of {len(layers)}")
                done_movies += len(members)
                below = _ascend(together(stacks, members), layers[:depth], fitted)
                fields = layer.receptive_fields(below[..., first_valid:, :], axes)
                if fields.shape[-2] == 0:
                    continue
                fields = array_namespace(fields).reshape(fields, (-1, *fields.shape[axes:]))
                for movie in range(fields.shape[1]):
                    for position in range(fields.shape[0]):
                        moments.update(fields[position, movie, :, :]).end_trial()
            fitted.append(_learn(layer, moments, depth))
            first_valid += layer.memory - 1
            outputs = len(fitted[-1].get_feature_names_out())
        if progress is not None:
            progress(1.0, "learned")
        self.layers_, self.plan_ = fitted, layers
        self.valid_from_ = [int(n) for n in np.cumsum([layer.memory - 1 for layer in layers])]
        return self

    def transform(self, movies: Trials, *, layer: int = -1) -> Array | list[Array]:
        """Compute the outputs of a layer at every position, causal, one row per sample.

        Parameters
        ----------
        movies
            One (time, pixels) or (time, height, width) array, or a list of such.
        layer
            Which layer, counted from 0 at the pixels; negative counts from the top.

        Returns
        -------
        Array or list of Array
            (time, positions, outputs) or (time, rows, columns, outputs), of the library, device and floating
            type of the movie; a list for a list. Missing history counts as the mean at every layer; NaN where
            a window touches a gap.

        Raises
        ------
        NotFittedError
            Not fitted yet.
        ArgumentError
            There is no such layer.
        ShapeError, DataError
            A movie is smaller than a receptive field, or infinite, or has a dimension more or less than those
            of the fit (which only units that all look at single positions allow).
        """
        check_is_fitted(self)
        depth = len(self.layers_)
        layer = check_integer("layer", layer, minimum=-depth, maximum=depth - 1) % depth
        layers = self.plan_[: layer + 1]
        stacks = [as_stack(movie) for movie in check_movies("movies", movies)]
        axes = stacks[0].ndim - 2
        _check_retina(self, axes)
        for stack in stacks:
            self._check_plan(layers, tuple(stack.shape[:axes]))
        answers: dict[int, Array] = {}
        for members in alike(stacks):
            outputs = _ascend(together(stacks, members), layers, self.layers_)
            xp = array_namespace(outputs)
            for place, member in enumerate(members):
                answer = xp.permute_dims(outputs[..., place, :, :], (axes, *range(axes), axes + 1))
                answers[member] = xp.astype(answer, stacks[member].dtype)
        results = [answers[member] for member in range(len(stacks))]
        return results if is_list_of_trials(movies) else results[0]

    @overload
    def positions(self, n_pixels: int) -> list[int]: ...
    @overload
    def positions(self, n_pixels: tuple[int, int]) -> list[tuple[int, int]]: ...
    def positions(self, n_pixels: int | tuple[int, int]) -> list[int] | list[tuple[int, int]]:
        """Count the positions of every layer above ``n_pixels`` pixels.

        Parameters
        ----------
        n_pixels
            Width of the retina, ≥ 1, or its (height, width).

        Returns
        -------
        list of int, or of (int, int)
            One number per layer, or (rows, columns).

        Raises
        ------
        ShapeError
            The retina is smaller than a receptive field.
        ArgumentError
            ``n_pixels`` is below 1, or a receptive field has rows and columns and the retina has not.

        Examples
        --------
        >>> ReSUNetwork([ReSULayer(5, 5, 1), ReSULayer(1, 1, 1, width=3, spacing=2)]).positions(10)
        [10, 6]
        >>> ReSUNetwork([ReSULayer(5, 5, 1), ReSULayer(1, 1, 1, width=3, field="cross")]).positions((4, 6))
        [(4, 6), (2, 4)]
        """
        counts = self._check_plan(self._check_layers(), check_shape("n_pixels", n_pixels))
        if isinstance(n_pixels, (tuple, list)):
            return [(rows, columns) for rows, columns in counts]
        return [count for (count,) in counts]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_layers(self) -> list[ReSULayer]:
        if not isinstance(self.layers, Sequence) or not self.layers:
            raise ArgumentTypeError(
                "layers",
                allowed="a sequence of at least one ReSULayer",
                got=repr(self.layers),
                remedy="Write ReSUNetwork([ReSULayer(...), ...]).",
            )
        for index, layer in enumerate(self.layers):
            if not isinstance(layer, ReSULayer):
                raise ArgumentTypeError(
                    f"layers[{index}]",
                    allowed="a ReSULayer",
                    got=type(layer).__name__,
                    remedy="Describe each layer by a ReSULayer.",
                )
        return list(self.layers)

    def _check_plan(self, layers: list[ReSULayer], n_pixels: tuple[int, ...]) -> list[tuple[int, ...]]:
        """See that every layer fits on the one below, and return their positions."""
        counts: list[tuple[int, ...]] = []
        positions, outputs = n_pixels, 1
        for index, layer in enumerate(layers):
            channels = layer.n_channels(outputs, len(n_pixels))
            layer.settings().check_rank(channels, channels)
            positions, outputs = layer.n_positions(positions), layer.n_outputs
            if min(positions) < 1:
                needed = [max(1, size + 1 - count) for size, count in zip(n_pixels, positions, strict=True)]
                raise ShapeError(
                    "movies",
                    allowed=f"at least {by(needed)} pixels wide, for the receptive fields up to layer {index}"
                    if len(needed) == 1
                    else f"at least {by(needed)} pixels (height x width), for the receptive fields up to "
                    f"layer {index}",
                    got=f"{by(n_pixels)} pixel(s)",
                    remedy="Use more pixels, or a smaller width or spacing.",
                )
            counts.append(positions)
        return counts


def learned_on(layers: Sequence[ReSULayer], units: Sequence[ReSU]) -> list[int]:
    """List the dimensions of the retinas, 1 and 2, that fitted layers go with.

    Layers that all look at single positions go with both, others with the one that they were learned on.
    """
    possible: list[int] = []
    for axes in (1, 2):
        outputs, same = 1, True
        for layer, unit in zip(layers, units, strict=True):
            try:
                same = same and layer.n_channels(outputs, axes) == vars(unit)["n_features_in_"]
            except ArgumentError:
                same = False
            outputs = len(unit.get_feature_names_out())
        if same:
            possible.append(axes)
    return possible


def _check_retina(network: ReSUNetwork, axes: int) -> None:
    if axes in learned_on(network.plan_, network.layers_):
        return
    shapes = ("(time, pixels)", "(time, height, width)")
    raise ShapeError(
        "movies",
        allowed=f"of shape {shapes[2 - axes]}, as in the fit",
        got=f"shape {shapes[axes - 1]}",
        remedy="Fit another network for this retina.",
    )


def _check_length(layer: ReSULayer, samples: int) -> None:
    window = layer.settings().window
    if samples < window:
        raise DataError(
            "movies",
            allowed=f"at least {window} samples long, the window of layer 0 (memory + gap + horizon - 1)",
            got=f"{samples} sample(s) at most",
            remedy="Give longer movies, or a shorter memory, horizon or gap.",
        )


def _learn(layer: ReSULayer, moments: LagMoments, depth: int) -> ReSU:
    try:
        return ReSU.from_moments(
            moments,
            layer.rank,
            center=layer.center,
            rectify=layer.rectify,
            objective=layer.objective,
            ridge=layer.ridge,
        )
    except DataError as error:
        got = f"{error.got} at the input of layer {depth}"
        raise DataError("movies", allowed=error.allowed, got=got, remedy=error.remedy) from error


def _ascend(stack: Array, layers: Sequence[ReSULayer], units: Sequence[ReSU]) -> Array:
    """Send (positions, movies, time, 1) up through the layers; positions are one axis or two."""
    axes = stack.ndim - 3
    for layer, unit in zip(layers, units, strict=False):
        fields = layer.receptive_fields(stack, axes)
        xp = array_namespace(fields)
        trials = xp.reshape(fields, (-1, *fields.shape[-2:]))
        z = project(trials, like(unit.filters_, fields), like(unit.past_mean_, fields))
        stack = rectify(z, unit.modes_)
        stack = xp.reshape(stack, (*fields.shape[:-1], -1))
    return stack
