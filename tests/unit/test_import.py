"""`import lamina` stays light: heavy packages load with the room that needs them, and every name resolves."""

import json
import subprocess
import sys

import pytest

import lamina

HEAVY = ["torch", "matplotlib", "scipy", "sklearn", "pandas", "rich", "typer", "PIL", "jaxtyping"]


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after ``statement``."""
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return {name.partition(".")[0] for name in json.loads(finished.stdout)}


def test_import_lamina_loads_no_heavy_package():
    assert "lamina" in loaded_after("import lamina")
    assert loaded_after("import lamina").isdisjoint(HEAVY)


def test_listing_the_names_loads_no_heavy_package():
    assert loaded_after("import lamina; dir(lamina); lamina.__all__; lamina.__version__").isdisjoint(HEAVY)


@pytest.mark.parametrize("name", sorted(lamina.__all__))
def test_every_public_name_resolves(name):
    assert getattr(lamina, name) is not None


def test_all_rooms_but_the_fronts_and_the_layers_work_without_torch_and_matplotlib():
    names = sorted(set(lamina.__all__) - {"plotting", "experiments", "layers", "transforms"})
    loaded = loaded_after("import lamina\n" + "\n".join(f"lamina.{name}" for name in names))
    assert loaded.isdisjoint({"torch", "matplotlib"})
    assert {"numpy", "lamina"} <= loaded


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = lamina.no_such_name


@pytest.mark.parametrize("room", ["layers", "transforms"])
@pytest.mark.parametrize("missing", ["torch", "pywt"])
def test_a_room_that_needs_torch_says_which_extra_brings_what_is_missing(room, missing):
    program = f"import sys; sys.modules[{missing!r}] = None; import lamina.{room}"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    last = finished.stderr.strip().splitlines()[-1]
    assert f"lamina.{room} needs {missing}" in last
    assert "pip install 'lamina[torch]'" in last
