"""Moments that are saved while they are gathered, and gathered further after a crash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace, to_device

from lamina.errors import ArgumentError, ArgumentTypeError, LaminaError
from lamina.resu.placement import like
from lamina.resu.sources import Checkpoint, Source
from lamina.stats import LagMoments

# samples at the start of each trial by which a recording is known again
_HEAD = 256

_ARRAYS = ("origin", "mean", "scatter", "carry")


class Resumption:
    """Saves moments every so many samples, at places that do not depend on where a run was interrupted.

    Parameters
    ----------
    checkpoint
        Where to.
    moments
        That are gathered; `resume` changes them.
    trials
        From which, not read yet.
    weights
        One per trial.

    Raises
    ------
    ArgumentTypeError
        ``checkpoint`` is none.
    """

    def __init__(
        self, checkpoint: Any, moments: LagMoments, trials: Sequence[Source], weights: Sequence[float]
    ) -> None:
        self._checkpoint = check_checkpoint(checkpoint)
        self.every = int(self._checkpoint.every)
        self._moments, self._trials = moments, trials
        self._made_for = _fingerprint(moments, trials, weights)
        self._seen = moments.n_samples
        self._ended = False

    def resume(self) -> tuple[int, int]:
        """Take up what was saved, if anything; return the trial to go on with, and its samples done.

        Raises
        ------
        ArgumentError
            It was saved from another recording or with other parameters, or is no state of a fit.
        """
        saved = self._checkpoint.load()
        if saved is None:
            return 0, 0
        trial, samples, made_for, stored = (
            saved.get(name) for name in ("trial", "samples", "made_for", "moments")
        )
        in_order = all(isinstance(number, int) and number >= 0 for number in (trial, samples))
        if not in_order or not isinstance(made_for, Mapping) or not isinstance(stored, Mapping):
            raise _not_ours("something else", "A checkpoint that a fit saved has another content.")
        for name, expected in self._made_for.items():
            if made_for.get(name) != expected:
                raise _not_ours(*_difference(name, made_for.get(name), expected))
        trial, samples = int(trial or 0), int(samples or 0)
        if trial > len(self._trials) or (trial == len(self._trials) and samples):
            raise _not_ours(f"one left at trial {trial}", "There are fewer trials.")
        sample = self._trials[min(trial, len(self._trials) - 1)].head(1)
        try:
            arrays = {name: like(stored[name], sample) for name in _ARRAYS if name in stored}
            restored = LagMoments.from_state({**stored, **arrays})
        except (LaminaError, TypeError, ValueError, KeyError) as error:
            raise _not_ours("a damaged one", f"Its moments are not in order ({error}).") from error
        if samples and "carry" in arrays:
            self._check_tail(self._trials[trial], samples, arrays["carry"])
        self._ended = trial == len(self._trials)
        vars(self._moments).update(vars(restored))
        self._seen = restored.n_samples
        return trial, samples

    def passed(self, trial: int, samples: int) -> None:
        """Save, if it is time, at the end of a chunk: so many samples of this trial are done."""
        before, self._seen = self._seen, self._moments.n_samples
        if self._seen // self.every > before // self.every:
            self._save(trial, samples)

    def finish(self) -> None:
        """Save a last time when all trials have ended, unless that was done or they are soon read again."""
        if self._seen >= self.every and not self._ended:
            self._save(len(self._trials), 0)

    def _save(self, trial: int, samples: int) -> None:
        state = self._moments.state()
        scatter = state.get("scatter")
        if scatter is not None:
            xp = array_namespace(scatter)
            # squares that overflow end the fit with a better error than a file that cannot be read
            if not bool(xp.all(xp.isfinite(xp.linalg.diagonal(scatter)))):
                return
        self._checkpoint.save(
            {"trial": trial, "samples": samples, "made_for": self._made_for, "moments": state}
        )

    def _check_tail(self, source: Source, samples: int, carry: Any) -> None:
        """See that the samples before the place where the run was left are those that were read."""
        if not source.seekable:
            return
        before = samples - carry.shape[0]
        found = next(source.chunks(before, rows=samples), None) if before >= 0 else None
        if found is None or not np.array_equal(_as_numpy(found), _as_numpy(carry)):
            raise _not_ours(*_difference("digest", None, None))


def check_checkpoint(value: Any) -> Checkpoint:
    """Return ``value`` if it can hold the state of a fit (`ArgumentTypeError`)."""
    if not all(hasattr(value, name) for name in ("every", "load", "save", "clear")):
        raise ArgumentTypeError(
            "checkpoint",
            allowed="a lamina.io.Checkpoint or None",
            got=f"{value!r}",
            remedy="Pass lamina.io.Checkpoint(path).",
        )
    return value


def _fingerprint(
    moments: LagMoments, trials: Sequence[Source], weights: Sequence[float]
) -> dict[str, str | int | float | None]:
    lengths = [trial.samples for trial in trials]
    known = [length for length in lengths if length is not None]
    digest = hashlib.sha256()
    dtypes: list[str] = []
    for index, trial in enumerate(trials):
        digest.update(f"{trial.samples} ".encode())
        # the later ones of many generators are not begun before their time
        if index == 0 or trial.seekable:
            head = trial.head(_HEAD)
            dtypes.append(str(head.dtype).rpartition(".")[2])
            digest.update(dtypes[-1].encode())
            digest.update(_as_numpy(head).tobytes())
    return {
        **{name: getattr(moments, name) for name in ("memory", "horizon", "gap", "half_life", "channels")},
        "trials": len(trials),
        "samples": sum(known) if len(known) == len(trials) else None,
        "dtype": dtypes[0],
        "trial_weights": hashlib.sha256(np.asarray(weights, dtype="<f8").tobytes()).hexdigest(),
        "digest": digest.hexdigest(),
    }


def _difference(name: str, saved: Any, expected: Any) -> tuple[str, str]:
    if name == "digest":
        return "one of another recording", "Its samples are others."
    if name == "trial_weights":
        return "one with other trial_weights", "These change the fit."
    return f"one with {name} {saved}", f"Here {name} is {expected}."


def _not_ours(got: str, why: str) -> ArgumentError:
    return ArgumentError(
        "checkpoint",
        allowed="one that a fit of this recording with these parameters left",
        got=got,
        remedy=f"{why} Fit what was begun, or remove the checkpoint to begin anew.",
    )


def _as_numpy(array: Any) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(to_device(array, "cpu")), dtype="<f8")
