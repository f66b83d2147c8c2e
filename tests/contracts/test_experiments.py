"""What every experiment has to be: seeded, described, quick if asked, honest about what does not hold."""

import ast
import dataclasses
import html
import inspect
import json
import re
import sys
from pathlib import Path

import pytest

from lamina.experiments import REGISTRY
from lamina.experiments.claims import Claim

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
from experiment_pages import meanings, page, stored  # noqa: E402 -- docs is no package

NAMES = list(REGISTRY)
PAPER = ("ou", "gp", "kernels", "adaptation", "scenes", "motion", "baselines")
"""What the specification names."""


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Run an experiment once for all checks of it, and keep what it gave and the folder it wrote."""
    done = {}

    def give(name):
        if name not in done:
            folder = tmp_path_factory.mktemp(name) / "out"
            told = []
            found = REGISTRY[name].reproduce(
                folder, quick=True, progress=lambda part, text: told.append((part, text))
            )
            done[name] = found, folder, told
        return done[name]

    return give


def plain(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_the_paper_is_all_there():
    assert set(PAPER) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_frozen_and_described(name):
    experiment = REGISTRY[name]
    assert experiment.name == name
    for config in (experiment.config, experiment.quick):
        assert type(config) is type(experiment.config)
        with pytest.raises(dataclasses.FrozenInstanceError):
            config.seed = 1
        assert config.seed == 0
    fields = {each.name for each in dataclasses.fields(experiment.config)}
    described = {key for key, text in meanings(experiment.config).items() if text}
    assert fields == described
    plain(dataclasses.asdict(experiment.config))


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_loaded_without_matplotlib(name):
    package = sys.modules[REGISTRY[name].run.__module__.rpartition(".")[0]]
    for module in ("__init__", "config", "run", "summary"):
        tree = ast.parse((Path(package.__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
        imported = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)] + [
            alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
        ]
        assert not [each for each in imported if re.search(r"matplotlib|plotting|figures|\breport$", each)]


@pytest.mark.parametrize("name", NAMES)
def test_a_quick_run_leaves_everything(name, quick):
    experiment = REGISTRY[name]
    found, folder, told = quick(name)
    assert found.report == folder / "report.html"
    figures = folder / "figures"
    drawn = {path.stem for path in figures.glob("*.svg")}
    assert drawn
    assert drawn == {path.stem for path in figures.glob("*.png")}
    assert experiment.panels
    assert {panel.figure for panel in experiment.panels} <= drawn
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*""", text)
    assert text.count("<figure") >= len(experiment.panels)
    assert plain(found.metrics) == json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    kept = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    assert [Claim(**each) for each in kept["claims"]] == found.claims
    assert kept["config"] == plain(dataclasses.asdict(experiment.quick))
    fractions = [part for part, _ in told]
    assert fractions
    assert fractions == sorted(fractions)
    assert all(0 <= part <= 1 for part in fractions)
    assert found.table


@pytest.mark.parametrize("name", NAMES)
def test_claims_are_whole(name, quick):
    found, folder, _ = quick(name)
    assert found.claims
    text = html.unescape(re.sub(r"<[^>]+>", "", (folder / "report.html").read_text(encoding="utf-8")))
    assert len({(claim.source, claim.statement) for claim in found.claims}) == len(found.claims)
    for claim in found.claims:
        assert claim.source
        assert 5 <= len(claim.statement) <= 110
        assert claim.ours
        assert "nan" not in claim.ours.lower()
        # what is judged has a bar, and what fails it a reason
        assert (claim.holds is None) == (not claim.bar)
        assert claim.holds is not False or len(claim.why) > 20
        # the page of the experiment itself says so too
        assert claim.statement in text


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides(name, quick):
    found, _, _ = quick(name)
    assert plain(REGISTRY[name].reproduce(None, quick=True).metrics) == plain(found.metrics)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_everything(name):
    experiment = REGISTRY[name]
    text = page(experiment)
    package = sys.modules[experiment.run.__module__.rpartition(".")[0]]
    assert len(inspect.cleandoc(package.__doc__ or "")) > 200
    for each in dataclasses.fields(experiment.config):
        assert f"| `{each.name}` |" in text
    assert f"lamina reproduce {name}" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_result_is_that_of_the_published_settings(name):
    """Renew it with ``make reproduce`` and ``python docs/experiment_pages.py out/all``."""
    experiment, result = REGISTRY[name], stored(name)
    assert result is not None
    assert result["config"] == plain(dataclasses.asdict(experiment.config))
    for panel in result["panels"]:
        assert (ROOT / "docs" / "experiments" / "results" / f"{name}-{panel['figure']}.png").is_file()
    assert [panel["figure"] for panel in result["panels"]] == [panel.figure for panel in experiment.panels]
    for claim in result["claims"]:
        assert claim["holds"] is not False or len(claim["why"]) > 20
