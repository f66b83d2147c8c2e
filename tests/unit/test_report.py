"""A report is one well-formed file that holds everything, says what it was given, and loads nothing."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from lamina import plotting
from lamina.errors import ArgumentError, ArgumentTypeError, FileError, OutputError, ShapeError, StateError
from lamina.experiments.report import Mark, Report

VOID = {"meta", "img", "br", "hr", "link", "input", "area", "base", "col", "embed", "source", "track", "wbr"}
HOSTILE = '<script>alert("x")</script> & \'quoted\' "text" </title> \x00'


class Page(HTMLParser):
    """Elements, attributes and texts of a page; notes every tag that is not closed as it was opened."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.elements, self.texts = [], [], [], []
        self.feed(source)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1] if self.open else None, data.strip()))

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def said(self, tag):
        return [text for name, text in self.texts if name == tag]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    made, axes = plotting.figure(1, 2)
    plotting.plot_traces([0, 1, 2], [[0, 1, 0], [0, 2, 0]], axes[0, 0], labels=["a", "b"])
    plotting.plot_movie(np.arange(12.0).reshape(4, 3), axes[0, 1])
    plotting.save_figure(made, folder, "panel", dpi=100)
    return folder


def whole_report(pictures):
    return (
        Report("A title & more", "The **lead**.", footer="Made by `lamina`.")
        .numbers([("σ₁", 0.9961, "goal ≥ 0.99"), ("runs", 12)])
        .section("First")
        .text("One paragraph.\n\nAnother with `code`.\n\n- an item\n  that goes on\n- two")
        .figure(pictures / "panel.svg", "Inline.", "Two panels", wide=True)
        .figure(pictures / "panel.svg", "The same again.", "Two panels")
        .figure(pictures / "panel.png", "As data.", "Two panels")
        .section("Second: numbers")
        .subsection("Part")
        .table(["Name", "Value", "Goal"], [["a", 0.5, True], ["b", -1, False]], caption="What was found.")
        .note("A caveat.")
        .details("Configuration", {"seed": 0, "retina": {"pixels": 3}})
        .details("Command", "lamina reproduce motion")
    )


@pytest.fixture(scope="module")
def page(pictures):
    return Page(whole_report(pictures).html())


def test_every_tag_is_closed_as_it_was_opened(page):
    assert page.faults == []
    assert len(page.elements) > 100


def test_the_parser_of_these_tests_sees_faults():
    assert Page("<p><b>x</p></b>").faults
    assert Page("<div>").faults


def test_the_page_loads_nothing_from_anywhere(page):
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"script", "link", "iframe", "object", "embed", "base", "form"})
    loading = ("src", "srcset", "href", "xlink:href", "poster", "data", "action", "background")
    targets = [
        value for _, attributes in page.elements for name, value in attributes.items() if name in loading
    ]
    assert len(targets) > 5
    assert [t for t in targets if not t.startswith(("#", "data:image/png;base64,"))] == []


def test_no_address_stands_in_the_page_at_all(pictures):
    source = whole_report(pictures).html()
    assert "://" not in source
    assert "@import" not in source
    assert re.search(r"url\((?!#)", source) is None
    assert re.search(r"\son\w+=", source) is None


def test_a_policy_forbids_whatever_the_page_might_ask_for(page):
    (policy,) = (m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy


def test_identifiers_are_unique_and_every_reference_leads_to_one(page):
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers)) > 20
    values = [value or "" for _, attributes in page.elements for value in attributes.values()]
    wanted = {found for value in values for found in re.findall(r"url\(#([^)]+)\)", value)}
    wanted |= {a["href"][1:] for _, a in page.elements if a.get("href", "").startswith("#")}
    assert len(wanted) > 20
    assert wanted <= set(identifiers)


def test_rules_inside_a_picture_do_not_reach_the_page(page):
    inside = page.said("style")[1:]
    assert len(inside) == 2
    for index, rules in enumerate(inside, start=1):
        assert re.findall(r"([^{}]+)\{", rules)
        assert all(rule.strip().startswith(f"#figure-{index} ") for rule in re.findall(r"([^{}]+)\{", rules))


def test_the_page_is_made_for_phones_for_print_and_for_the_dark(pictures):
    source = whole_report(pictures).html()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in source
    assert "@media print" in source
    assert "@media (prefers-color-scheme: dark)" in source
    assert source.count("{") == source.count("}")


def test_the_contents_lead_to_the_sections(page):
    titles = {a["id"] for tag, a in page.elements if tag == "h2"}
    assert titles == {"first", "second-numbers"}
    assert [a["href"] for a in page.of("a")] == ["#first", "#second-numbers"]
    assert page.said("a") == page.said("h2") == ["First", "Second: numbers"]


def test_sections_of_one_name_have_anchors_of_their_own():
    page = Page(Report("t").section("Same").section("Same").section("σ").section("σ").html())
    assert [a["id"] for a in page.of("h2")] == ["same", "same-2", "section", "section-2"]


def test_every_picture_has_its_alternative_text_and_a_numbered_caption(page):
    assert [a["aria-label"] for a in page.of("svg") if a.get("role") == "img"] == ["Two panels"] * 2
    assert [a["alt"] for a in page.of("img")] == ["Two panels"]
    assert page.said("b") == ["Figure 1.", "Figure 2.", "Figure 3."]


def test_a_png_is_in_the_page_byte_for_byte(page, pictures):
    (image,) = page.of("img")
    data = image["src"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(data) == (pictures / "panel.png").read_bytes()
    assert (image["width"], image["height"]) == ("700", "240")


def test_svg_and_png_of_one_figure_are_shown_at_one_size(page):
    plates = [a["style"] for a in page.of("div") if a.get("class") == "plate"]
    # 7 inches of 96 CSS pixels
    assert plates == ["--width: 672"] * 3


@pytest.mark.parametrize(
    "write",
    [
        lambda r, t: Report(t, t, footer=t).text("x"),
        lambda r, t: r.section(t),
        lambda r, t: r.subsection(t),
        lambda r, t: r.text(t),
        lambda r, t: r.note(t),
        lambda r, t: r.text(f"- {t}\n- `{t}` and **{t}**"),
        lambda r, t: r.numbers([(t, t, t)]),
        lambda r, t: r.table([t], [[t], [Mark(True, t)]], caption=t),
        lambda r, t: r.details(t, t),
        lambda r, t: r.details(t, {t: t, "more": {t: t}}),
    ],
)
def test_every_text_is_escaped(write):
    source = write(Report("t"), HOSTILE).html()
    page = Page(source)
    assert page.faults == []
    assert page.of("script") == []
    assert "\x00" not in source
    assert any("alert" in text for _, text in page.texts)


def test_caption_and_alternative_text_are_escaped(pictures):
    report = Report("t")
    for name in ("panel.svg", "panel.png"):
        report.figure(pictures / name, HOSTILE, HOSTILE)
    page = Page(report.html())
    assert (page.faults, page.of("script")) == ([], [])
    (alt,) = (a["alt"] for a in page.of("img"))
    (label,) = (a["aria-label"] for a in page.of("svg") if a.get("role") == "img")
    assert alt == label == HOSTILE.replace("\x00", "\ufffd")


def test_what_acts_or_loads_is_taken_out_of_a_picture(tmp_path):
    (tmp_path / "bad.svg").write_text(
        """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="a()"
        width="10px" height="20px"><script>a()</script><foreignObject><p/></foreignObject>
        <style>@import "http://x.org/a.css"; rect, .a {fill: url(http://x.org/f)}</style>
        <image xlink:href="http://x.org/i.png"/><a href="javascript:a()"><rect onclick="a()"
        id="r" fill="url('#g')" stroke="url(http://x.org/g)"/></a><use xlink:href="#r"/></svg>"""
    )
    source = Report("t").figure(tmp_path / "bad.svg", "c", "a").html()
    page = Page(source)
    assert page.faults == []
    assert page.of("script") + page.of("foreignobject") == []
    for trace in ("x.org", "javascript", "onload", "onclick", "://"):
        assert trace not in source
    (rect,) = page.of("rect")
    assert (rect["id"], rect["fill"], rect["stroke"]) == ("figure-1-r", "url(#figure-1-g)", "none")
    assert page.of("use") == [{"href": "#figure-1-r"}]
    assert page.of("svg")[0]["viewbox"] == "0 0 10 20"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**a** and *b*", "<p><strong>a</strong> and <em>b</em></p>"),
        ("`a*b*c` stays", "<p><code>a*b*c</code> stays</p>"),
        ("2*3*4 and m * n * k", "<p>2*3*4 and m * n * k</p>"),
        ("one\nline\n\ntwo", "<p>one line</p>\n<p>two</p>"),
        ("- a\n  b\n- c - d", "<ul><li>a b</li><li>c - d</li></ul>"),
        ("    indented\n    alike", "<p>indented alike</p>"),
    ],
)
def test_the_little_markup_there_is(text, expected):
    assert expected in Report("t").text(text).html()


def cells(rows, header=("Name", "Value"), **options):
    page = Page(Report("t").table(header, rows, **options).html())
    return [text for tag, text in page.texts if tag in ("td", "th")][len(header) :]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.50"),
        (-0.5, "−0.50"),
        (1 / 3, "0.33"),
        (0.0004, "0.0004"),
        (-0.0004, "−0.0004"),
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (float("nan"), "–"),
        (None, "–"),
        (float("inf"), "∞"),
        (12, "12"),
        (-3, "−3"),
        (1234567, "1\u202f234\u202f567"),
        (np.float32(0.25), "0.25"),
        (np.int64(7), "7"),
        ("0.72 ± 0.03", "0.72 ± 0.03"),
    ],
)
def test_numbers_are_shown_with_a_true_minus_and_never_as_a_false_zero(value, shown):
    assert cells([["a", value]]) == ["a", shown]


def test_the_number_of_decimal_places_is_the_callers():
    assert cells([["a", 0.98765]], digits=4) == ["a", "0.9877"]
    assert ">0.996<" in Report("t").numbers([("σ₁", 0.9961)]).html()


@pytest.mark.parametrize(
    ("column", "is_number"),
    [
        ([1, 2.5, None], True),
        (["0.72 ± 0.03", "−1.5", "< 0.01", "12 %", "3e-4"], True),
        ([1, "text"], False),
        (["T4a", "L1"], False),
        ([True, False], False),
        ([None, None], False),
    ],
)
def test_columns_of_numbers_stand_at_the_right(column, is_number):
    page = Page(Report("t").table(["Name", "Value"], [["a", value] for value in column]).html())
    assert [a.get("class") for a in page.of("td")] == ["number" if is_number else None] * len(column)
    assert page.of("th")[1].get("class") == ("number" if is_number else None)


def test_goals_are_marked_by_sign_and_word_and_not_by_colour_alone():
    source = Report("t").table(["Goal"], [[True], [np.False_], [Mark(None, "later")]]).html()
    page = Page(source)
    signs = [text for tag, text in page.texts if tag == "span"]
    assert signs == ["✓", "reached", "✗", "missed", "–", "later"]
    assert [a["class"] for a in page.of("span") if "class" in a] == ["mark ok", "mark off", "mark open"]


def test_settings_are_listed_with_their_path(page):
    assert page.said("code")[1:5] == ["seed", "0", "retina.pixels", "3"]


def test_the_same_report_is_the_same_file(tmp_path, pictures):
    written = [
        whole_report(pictures).write(tmp_path / name).read_bytes() for name in ("one.html", "two.html")
    ]
    assert written[0] == written[1]
    assert written[0].decode("utf-8") == whole_report(pictures).html()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.html", "two.html"]


BAD = {
    "empty title": (lambda r, t: Report(" "), ArgumentError, "title"),
    "title not text": (lambda r, t: Report(None), ArgumentTypeError, "title"),
    "empty section": (lambda r, t: r.section(""), ArgumentError, "title"),
    "text not text": (lambda r, t: r.text(3), ArgumentTypeError, "text"),
    "no alternative text": (lambda r, t: r.figure(t / "a.svg", "c", ""), ArgumentError, "alt"),
    "short row": (lambda r, t: r.table(["a", "b"], [[1, 2], [1]]), ShapeError, r"rows\[1\]"),
    "digits": (lambda r, t: r.table(["a"], [[1]], digits=-1), ArgumentError, "digits"),
    "no numbers": (lambda r, t: r.numbers([]), ArgumentError, "items"),
    "numbers unnamed": (lambda r, t: r.numbers([3.0]), ArgumentTypeError, "items"),
    "empty summary": (lambda r, t: r.details("", {}), ArgumentError, "summary"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_written_is_refused_by_name(case, tmp_path):
    call, error, argument = BAD[case]
    with pytest.raises(error, match=f"^{argument} must be "):
        call(Report("t"), tmp_path)


def test_a_picture_that_is_missing_or_no_picture_is_named_and_leaves_the_report_as_it_was(tmp_path):
    report = Report("t").text("x")
    before = report.html()
    (tmp_path / "text.svg").write_text("no picture")
    (tmp_path / "other.svg").write_text("<html/>")
    for name, reason in [("none.png", "save it first"), ("text.svg", "neither"), ("other.svg", "neither")]:
        with pytest.raises(FileError, match=rf"{name}.*{reason}"):
            report.figure(tmp_path / name, "c", "a")
    assert report.html() == before


def test_an_empty_report_and_a_missing_folder_are_errors(tmp_path):
    with pytest.raises(StateError, match="empty"):
        Report("t").write(tmp_path / "report.html")
    with pytest.raises(OutputError, match="mkdir -p"):
        Report("t").text("x").write(tmp_path / "none" / "report.html")
    assert list(tmp_path.iterdir()) == []
