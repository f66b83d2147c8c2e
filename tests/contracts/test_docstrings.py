"""Every public function and class keeps the contract of its docstring: arguments, result, an example."""

import dataclasses
import importlib
import inspect
import pkgutil
import re

import pytest

import lamina

# the command line explains itself by --help
ROOMS = {module.name for module in pkgutil.iter_modules(lamina.__path__)} - {
    "_checks",
    "_progress",
    "_version",
    "cli",
}
HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}$", flags=re.MULTILINE)


def public_things():
    for room in sorted(ROOMS):
        module = importlib.import_module(f"lamina.{room}")
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isroutine(thing):
                yield f"{room}.{name}", thing


def own_methods(thing):
    for name, member in vars(thing).items():
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def is_settings(thing):
    """Whether a class holds a layer's arguments, which the layer describes, or is a state to pass on."""
    return hasattr(thing, "model_fields") or hasattr(thing, "_fields")


def is_plain(thing):
    """Whether a class only names fields (a result) or demands (a protocol)."""
    return dataclasses.is_dataclass(thing) or getattr(thing, "_is_protocol", False) or is_settings(thing)


def sections(thing):
    """Text of each section of a NumPy-style docstring; what comes before them stands under ''."""
    pieces = HEADING.split(inspect.getdoc(thing) or "")
    return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


def undescribed(thing):
    described = set()
    for line in sections(thing).get("Parameters", "").splitlines():
        if line and not line.startswith(" "):
            described |= {name.strip(" *") for name in line.partition(":")[0].split(",")}
    return set(inspect.signature(thing).parameters) - described - {"self", "cls", "y"}


def is_one_line(function):
    """Whether a function of at most one argument says all in one line."""
    arguments = set(inspect.signature(function).parameters) - {"self", "cls"}
    return len(arguments) <= 1 and "\n" not in (inspect.getdoc(function) or "\n")


THINGS = dict(public_things())
CLASSES = {name: thing for name, thing in THINGS.items() if inspect.isclass(thing)}
CALLS = {name: thing for name, thing in THINGS.items() if inspect.isroutine(thing)} | {
    f"{name}.{method}": function for name, thing in CLASSES.items() for method, function in own_methods(thing)
}


def test_the_registry_is_not_empty():
    assert {"stats.LagMoments", "resu.ReSU", "linalg.inverse_sqrt"} <= set(THINGS)
    assert {"resu.ReSU.fit", "resu.ReSU.from_moments", "linalg.inverse_sqrt"} <= set(CALLS)


@pytest.mark.parametrize("name", sorted(name for name, thing in THINGS.items() if not is_plain(thing)))
def test_every_public_name_has_an_example(name):
    assert ">>>" in sections(THINGS[name]).get("Examples", "")


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, thing in CLASSES.items()
        if not hasattr(thing, "_is_protocol") and not is_settings(thing)
    ),
)
def test_every_argument_of_a_class_is_described(name):
    assert undescribed(CLASSES[name]) == set()


@pytest.mark.parametrize("name", sorted(name for name, call in CALLS.items() if not is_one_line(call)))
def test_every_argument_of_a_call_is_described(name):
    assert undescribed(CALLS[name]) == set()


@pytest.mark.parametrize("name", sorted(name for name, call in CALLS.items() if not is_one_line(call)))
def test_what_a_call_returns_is_described(name):
    returned = inspect.signature(CALLS[name]).return_annotation
    assert returned in ("None", "Self") or {"Returns", "Yields"} & set(sections(CALLS[name]))
