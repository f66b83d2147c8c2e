"""The guide's tables against the codes that there are."""

import re
from pathlib import Path

from lamina.encoding.registry import CODES

PAGE = Path(__file__).parents[2] / "docs" / "encoding.md"
ROWS = {"polarity": "up and down", "neurons": "neurons", None: "one train"}


def render():
    """Return the table of all codes in Markdown, one row for each code of the registry."""
    lines = [
        "| name | class | spikes | causal | decoded | random | scaling | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for code in CODES:
        if code.interval is None:
            scaling = "none"
        else:
            low, high = (f"{limit:g}".replace("-", "−") for limit in code.interval)
            scaling = f"[{low}, {high}], {'clipped' if code.outside == 'clip' else 'kept'}"
        chance = "yes" if code.random else "if asked" if "seed" in code.arguments else "no"
        cells = (
            f"`{code.name}`",
            f"`{code.__name__}`",
            ROWS[code.rows],
            "yes" if code.causal else "no",
            "yes" if code.invertible else "no",
            chance,
            scaling,
            code.source,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_table_of_codes_is_that_of_the_registry():
    found = re.search(r"<!-- codes: begin -->\n(.*?)\n?<!-- codes: end -->", PAGE.read_text(), re.DOTALL)
    assert found is not None
    assert found[1] == render(), f"put this between the marks of {PAGE.name}:\n{render()}"


def test_the_measured_table_lists_every_code_that_can_be_decoded():
    (table,) = re.findall(r"```text\n(640 samples.*?)```", PAGE.read_text(), re.DOTALL)
    measured = table.split("best parameters:")[0].splitlines()[4:]
    names = [line.split()[0] for line in measured if line]
    assert sorted(names) == sorted(code.name for code in CODES if code.invertible)
    assert max(map(len, table.splitlines())) <= 80


def test_pictures_of_the_page_exist():
    for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE.read_text()):
        assert (PAGE.parent / name).is_file(), name
