"""Errors name the argument, what is allowed, what came and the remedy; Python's own kinds catch them."""

import inspect
import pickle

import pytest

from lamina import errors

WORDS = {"allowed": "an integer of at least 1", "got": "0", "remedy": "Give a longer memory."}
NAMED = [errors.ArgumentError, errors.ArgumentTypeError, errors.ShapeError, errors.DataError]
ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", NAMED)
def test_message_has_all_four_parts_in_one_line(kind):
    error = kind("memory", **WORDS)
    assert str(error) == "memory must be an integer of at least 1, got 0. Give a longer memory."
    assert (error.argument, error.allowed, error.got, error.remedy) == ("memory", *WORDS.values())


@pytest.mark.parametrize("kind", NAMED)
def test_named_errors_survive_the_way_between_processes(kind):
    error = pickle.loads(pickle.dumps(kind("memory", **WORDS)))
    assert type(error) is kind
    assert str(error) == str(kind("memory", **WORDS))
    assert error.remedy == WORDS["remedy"]


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ArgumentError, ValueError),
        (errors.ArgumentTypeError, TypeError),
        (errors.ArgumentTypeError, ValueError),
        (errors.ShapeError, ValueError),
        (errors.DataError, ValueError),
        (errors.StateError, RuntimeError),
        (errors.FileError, OSError),
        (errors.OutputError, OSError),
        (errors.MissingDependencyError, ImportError),
        (errors.LaminaWarning, UserWarning),
    ],
)
def test_callers_who_know_only_python_catch_them(kind, builtin):
    assert issubclass(kind, builtin)


@pytest.mark.parametrize("kind", ALL)
def test_every_class_belongs_to_one_of_the_two_families_and_says_what_it_means(kind):
    family = errors.LaminaWarning if issubclass(kind, Warning) else errors.LaminaError
    assert issubclass(kind, family)
    assert kind.__doc__
