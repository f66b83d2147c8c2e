"""The page of each experiment, from its docstring, its settings and the result of its published run.

Results are stored in ``docs/experiments/results``. Renew them after ``make reproduce`` with

    python docs/experiment_pages.py out/all
"""

import inspect
import json
import re
import sys
from dataclasses import asdict, fields
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent / "experiments"
RESULTS, PAGES = FOLDER / "results", FOLDER / "generated"

MARKS = {True: "✓ holds", False: "✗ **does not hold**", None: "reported"}


def stored(name):
    """The result of an experiment's published run, or None."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def meanings(config):
    """What the docstring of a configuration says of each field."""
    text = inspect.cleandoc(type(config).__doc__ or "")
    section = re.search(r"Parameters\n-+\n(.*?)(?:\n\n\w+\n-+\n|\Z)", text, flags=re.DOTALL)
    found = {}
    for names, meaning in re.findall(
        r"^(\S[^\n]*)\n((?:[ \t]+[^\n]*\n?|\n(?=[ \t]))+)", section[1] if section else "", flags=re.MULTILINE
    ):
        for name in names.split(","):
            found[name.split(":")[0].strip()] = " ".join(meaning.split())
    return found


def cell(text):
    return str(text).replace("|", r"\|").replace("*", r"\*").replace("\n", " ") or "–"


def prose(text):
    # what a docstring sets in double back quotes stands in single ones here
    return text.replace("``", "`").replace("|", r"\|")


def code(value):
    return f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", r"\|")


def claims_part(result):
    lines = ["| source | claim | paper | here | bar | |", "|---|---|---|---|---|---|"]
    for claim in result["claims"]:
        row = [cell(claim[key]) for key in ("source", "statement", "paper", "ours", "bar")]
        lines.append(f"| {' | '.join(row)} | {MARKS[claim['holds']]} |")
    notes = [f"- {cell(claim['statement'])}: {claim['why']}" for claim in result["claims"] if claim["why"]]
    return [*lines, "", *notes, ""]


def page(experiment):
    """The page of one experiment, in Markdown."""
    package = sys.modules[experiment.run.__module__.rpartition(".")[0]]
    result = stored(experiment.name)
    shows = experiment.summary.removesuffix(f" ({experiment.source})")
    lines = [f"# {experiment.title}", "", f"*{experiment.source}*: {shows}.", ""]
    lines += ["```sh", f"lamina reproduce {experiment.name} --out out/{experiment.name}"]
    lines += [f"lamina reproduce {experiment.name} --quick    # some seconds", "```", ""]
    lines += ["```{eval-rst}", inspect.cleandoc(package.__doc__ or ""), "```", "", "## Result", ""]
    if result is None:
        lines += ["The published run has not been stored yet.", ""]
    else:
        took = f"{result['seconds']:.0f} s" if result["seconds"] else "some time"
        lines += [f"Seed {experiment.config.seed}; the run took {took} on one core.", ""]
        for number, panel in enumerate(result["panels"], start=1):
            picture = f"../results/{experiment.name}-{panel['figure']}.png"
            lines += [f"![{panel['alt']}]({picture})", "", f"*Figure {number}. {panel['caption']}*", ""]
        lines += claims_part(result)
    lines += ["## Settings", "", "| setting | published run | quick run | meaning |", "|---|---|---|---|"]
    said = meanings(experiment.config)
    full, quick = (json.loads(json.dumps(asdict(each))) for each in (experiment.config, experiment.quick))
    for each in fields(experiment.config):
        short = code(quick[each.name]) if quick[each.name] != full[each.name] else ""
        lines.append(
            f"| `{each.name}` | {code(full[each.name])} | {short} | {prose(said.get(each.name, ''))} |"
        )
    return "\n".join([*lines, ""])


def write_pages(registry):
    """Write the page of every experiment; one that has not changed keeps its date."""
    PAGES.mkdir(parents=True, exist_ok=True)
    pages = {f"{name}.md": page(experiment) for name, experiment in registry.items()}
    for path in PAGES.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = PAGES / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def shrink(drawn, kept):
    # a drawing has few colours: with a table of them it takes less than half of the room
    with Image.open(drawn) as picture:
        reduced = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        reduced.save(kept, optimize=True)


def renew(folder, registry):
    """Take over the results of a joint run."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name, experiment in registry.items():
        result = json.loads((folder / name / "claims.json").read_text(encoding="utf-8"))
        if result["config"] != json.loads(json.dumps(asdict(experiment.config))):
            raise SystemExit(f"{name} was run with other settings than the published ones")
        if result["given"]:
            raise SystemExit(f"{name} was run on other data than the published run: {result['given']}")
        del result["fingerprint"], result["given"]
        text = json.dumps(result, indent=1, ensure_ascii=False)
        (RESULTS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
        for old in RESULTS.glob(f"{name}-*.png"):
            old.unlink()
        for panel in result["panels"]:
            picture = f"{panel['figure']}.png"
            shrink(folder / name / "figures" / picture, RESULTS / f"{name}-{picture}")


if __name__ == "__main__":
    from lamina.experiments import REGISTRY

    renew(Path(sys.argv[1]), REGISTRY)
