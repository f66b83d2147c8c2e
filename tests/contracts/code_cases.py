"""The spike codes, their references in plain Python, and signals to try them on; for the contract tests."""

import importlib.util
import pathlib

import numpy as np
import pytest

from lamina.encoding import CODES

FOLDER = pathlib.Path(__file__).parent / "codes"


def load_reference(path):
    spec = importlib.util.spec_from_file_location(f"reference_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCES = {module.NAME: module for module in map(load_reference, sorted(FOLDER.glob("*.py")))}
NAMED = {code.name: code for code in CODES}
CASES = [
    pytest.param(name, index, id=f"{name}-{index}")
    for name in NAMED
    for index in range(len(REFERENCES[name].SETTINGS) if name in REFERENCES else 0)
]
# all settings of each code, those included that draw at random and so have no definition to be equal to
ALL_SETTINGS = {
    name: [*one.SETTINGS, *getattr(one, "RANDOM_SETTINGS", [])] for name, one in REFERENCES.items()
}
EVERY_SETTING = pytest.mark.parametrize(
    ("code", "index"),
    [
        pytest.param(code, index, id=f"{code.name}-{index}")
        for code in CODES
        for index in range(len(ALL_SETTINGS.get(code.name, [])))
    ],
)
EVERY = pytest.mark.parametrize("code", list(CODES), ids=list(NAMED))
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def walk(samples=300, channels=(), seed=0, dtype="float64"):
    """Random walks that stay within about ±1, so that every code has something to say."""
    steps = np.random.default_rng(seed).standard_normal((*channels, samples)) * 0.2
    walked = np.zeros_like(steps)
    for t in range(samples):
        walked[..., t] = (0.95 * walked[..., t - 1] if t else 0) + steps[..., t]
    return walked.astype(dtype)


def arguments_of(code, index=0):
    return ALL_SETTINGS[code.name][index]


def made(code, index=0, **more):
    """An instance with one of the settings of its reference, seeded if it draws at random."""
    settings = {**arguments_of(code, index), **more}
    if "seed" in code.arguments:
        settings.setdefault("seed", 7)
    return code(**settings)


def fitted(code, index=0, signal=None):
    return made(code, index).fit(walk() if signal is None else signal, trials=0)
