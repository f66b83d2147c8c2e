"""What no linter sees: the files of the repository agree, and name nothing of one machine."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "lamina"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))

# Written so that these lines do not match themselves.
PLACES = re.compile(r"(?<![\w.~:/-])/(?:work|home|root|tmp|opt|Users|mnt)/|[A-Z]:\\\\?Users")
INDEXES = re.compile(
    r"(?:index|extra-index)-u[r]l|find-link[s]|://[^/\s]*(?:pypi|npm|conda)|\b(?:pypi|npmjs)\.(?:org|com)"
)


def texts():
    """Every text file that git tracks or would track, with its content."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in sorted(filter(None, listed.split("\0"))):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            yield name, content.decode("utf-8")


def matches(pattern):
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def nodes(kind):
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield path.relative_to(PACKAGE), node


def test_the_file_list_is_not_empty():
    names = [name for name, _ in texts()]
    assert {"README.md", "Makefile", "pyproject.toml", "src/lamina/__init__.py"} <= set(names)


def test_no_path_of_one_machine():
    assert matches(PLACES) == []


def test_no_package_index_is_named():
    assert matches(INDEXES) == []


def test_the_searches_find_what_they_are_for():
    assert PLACES.search('open("/' + 'home/me/x.npy")')
    assert INDEXES.search("pip install --extra-index-" + "url x")
    assert not PLACES.search("https://example.org/home/page and out/tmp/x")


def imports():
    for path, node in nodes((ast.Import, ast.ImportFrom)):
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]:
            yield str(path), name.partition(".")[0]


def test_no_pickle_in_the_library():
    forbidden = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert [found for found in imports() if found[1] in forbidden] == []
    allowed = [
        str(path)
        for path, node in nodes(ast.keyword)
        if node.arg == "allow_pickle" and getattr(node.value, "value", None) is not False
    ]
    assert allowed == []


def test_the_library_never_draws_from_pythons_global_generator():
    modules = [
        str(path) for path, node in nodes(ast.Import) if "random" in {alias.name for alias in node.names}
    ]
    modules += [str(path) for path, node in nodes(ast.ImportFrom) if node.module == "random"]
    assert modules == []


def test_the_library_prints_nothing():
    printing = [
        f"{path}:{node.lineno}"
        for path, node in nodes(ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "print" and path.parts[0] != "cli"
    ]
    assert printing == []


def test_no_source_file_is_longer_than_400_lines():
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_no_module_is_named_after_nothing():
    assert [
        str(path) for path in SOURCES if path.stem in {"utils", "util", "helpers", "common", "misc"}
    ] == []


def test_the_import_contract_holds_every_room_and_no_other():
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    names = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    required = {name for name in names if not name.startswith("(")}
    optional = {name.strip("()") for name in names if name.startswith("(")}
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    rooms -= {"__init__", "_version"}
    assert rooms <= required | optional
    assert required <= rooms


@pytest.mark.parametrize("command", ["demo", "test", "test-all", "check", "docs", "bench", "clean", "help"])
def test_every_command_is_in_the_makefile_and_explained(command):
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  {command} +\S.*\S$", shown, flags=re.MULTILINE)


def test_every_make_command_in_the_prose_exists():
    named = {
        (name, command)
        for name, text in texts()
        if name.endswith(".md")
        for command in re.findall(r"(?:`|^|\$ )make ([a-z-]+)", text, flags=re.MULTILINE)
    }
    assert {command for name, command in named if name == "README.md"} >= {"demo", "test"}
    assert {pair for pair in named if pair[1] not in TARGETS} == set()


def test_every_requirement_is_pinned_to_a_version_that_it_allows():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(w for e in ("torch", "docs", "dev", "bench") for w in extras[e]),
    ]
    requirements = [Requirement(line) for line in wanted if not line.startswith("lamina[")]
    assert [r.name for r in requirements if canonicalize_name(r.name) not in pins] == []
    assert [str(r) for r in requirements if pins[canonicalize_name(r.name)] not in r.specifier] == []


def test_the_citation_is_complete_and_agrees_with_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["references"][0]["type"] == "article"
    assert all(author.keys() & {"name", "family-names"} for author in citation["authors"])
