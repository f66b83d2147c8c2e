"""Figures look the same wherever they are made, touch nothing that others share, and are equal as files."""

import re
import struct
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from lamina import plotting
from lamina.errors import ArgumentError, ArgumentTypeError, OutputError

SVG = "{http://www.w3.org/2000/svg}"


def settings():
    # .copy() reads "backend" without resolving it
    return dict(matplotlib.rcParams.copy())


def draw(ax=None):
    return plotting.plot_traces([0, 1, 2], [[0, 1, 0], [0, 2, 0]], ax, labels=["a", "b"])


def draw_inside(seen):
    with plotting.style({"font.size": 11.0}):
        seen.update(settings())
        draw("nowhere")


def test_the_style_ends_with_its_block_even_by_an_error():
    before = settings()
    inside = {}
    with pytest.raises(ArgumentTypeError):
        draw_inside(inside)
    assert (inside["font.size"], inside["axes.spines.top"]) == (11.0, False)
    assert settings() == before != inside


def test_a_figure_does_not_depend_on_the_settings_of_the_user():
    plain = draw()
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "lines.linewidth": 9}):
        other = draw()
    assert plain.xaxis.label.get_size() == other.xaxis.label.get_size()
    assert plain.get_facecolor() == other.get_facecolor()
    assert plain.lines[0].get_linewidth() == other.lines[0].get_linewidth()
    assert plain.get_xticklabels()[0].get_size() == other.get_xticklabels()[0].get_size()


def test_axes_of_our_figures_are_drawn_in_our_style_and_axes_of_others_in_theirs():
    ours = draw(plotting.figure()[1][0, 0])
    assert ours.get_legend().get_texts()[0].get_size() == 7.5
    with matplotlib.rc_context({"legend.fontsize": 13.0}):
        theirs = draw(Figure().subplots())
    assert theirs.get_legend().get_texts()[0].get_size() == 13.0


def test_changes_to_the_style_stay_in_force_inside_the_functions():
    with plotting.style({"legend.fontsize": 13.0}):
        assert draw().get_legend().get_texts()[0].get_size() == 13.0


def test_the_colours_differ_for_every_kind_of_colour_vision():
    # Machado, Oliveira & Fernandes 2009, severity 1, in linear RGB: protanopia, deuteranopia, tritanopia
    kinds = [
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
    colors = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in plotting.PALETTE])
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    for kind in kinds:
        xyz = np.clip(linear @ np.array(kind).T, 0, 1) @ to_xyz.T / [0.9505, 1.0, 1.089]
        f = np.cbrt(xyz)
        lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(len(lab), 1)]
        # 2.3 is a just noticeable difference in this measure
        assert apart.min() > 4 * 2.3
    assert len(set(plotting.PALETTE)) == len(plotting.PALETTE) >= 6


def test_panels_are_lettered_in_reading_order():
    made, axes = plotting.figure(2, 2)
    plotting.label_panels(axes)
    assert [ax.texts[0].get_text() for ax in made.axes] == ["A", "B", "C", "D"]


def test_no_pyplot_and_no_change_of_settings_by_drawing_and_saving(tmp_path):
    program = f"""
import sys
import matplotlib
before = dict(matplotlib.rcParams.copy())
from lamina import plotting
ax = plotting.plot_filters([[1.0, 2.0]])
plotting.plot_tuning_map([1, 2], [1, 2], [[0, 1], [1, 0]])
plotting.save_figure(ax, {str(tmp_path)!r}, "figure")
assert "matplotlib.pyplot" not in sys.modules
assert dict(matplotlib.rcParams.copy()) == before
"""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_equal_figures_are_equal_files(tmp_path):
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made, axes = plotting.figure(1, 2)
        draw(axes[0, 0])
        plotting.plot_movie(np.arange(12.0).reshape(4, 3), axes[0, 1])
        files = plotting.save_figure(made, tmp_path / name, "panel-1", dpi=100)
        assert [file.name for file in files] == ["panel-1.png", "panel-1.svg"]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    # 7 by 2.4 inches at 100 pixels per inch
    assert struct.unpack(">II", written[0][0][16:24]) == (700, 240)


def test_a_figure_saved_twice_is_the_same_file(tmp_path):
    made, axes = plotting.figure(1, 3, width_in=10.0, height_in=2.6)
    draw(axes[0, 0])
    plotting.plot_movie(np.arange(12.0).reshape(4, 3), axes[0, 1])
    # a picture of fixed aspect, and one that is placed by hand
    plotting.plot_scene(np.arange(12.0).reshape(4, 3), axes[0, 2], degrees_per_pixel=1.0)
    by_hand = made.add_axes((0.4, 0.4, 0.1, 0.2))
    for ax in (draw(), made):
        first = [file.read_bytes() for file in plotting.save_figure(ax, tmp_path, "a")]
        assert first == [file.read_bytes() for file in plotting.save_figure(ax, tmp_path, "a")]
    np.testing.assert_allclose(by_hand.get_position().bounds, (0.4, 0.4, 0.1, 0.2))


def ink_at_the_edges(file):
    shown = np.asarray(Image.open(file).convert("L"))
    return [int(edge.min()) for edge in (shown[0], shown[-1], shown[:, 0], shown[:, -1])]


@pytest.mark.parametrize("dpi", [72, 100, 200, 300])
def test_long_labels_stay_inside_a_figure_of_any_resolution(tmp_path, dpi):
    # hinted text is wider at one resolution than at another, and widest in the SVG
    groups = {"T4a": [0.9, 0.8], "the paper's second direction, which has a long name": [0.1, 0.2]}
    for name, drawn in (("before", True), ("at once", False)):
        made, axes = plotting.figure(1, 1, width_in=4.4, height_in=2.0)
        plotting.plot_selectivity(groups, axes[0, 0])
        if drawn:
            made.draw_without_rendering()
        png, svg = plotting.save_figure(made, tmp_path, name.replace(" ", "-"), dpi=dpi)
        assert ink_at_the_edges(png) == [255] * 4
        starts = re.findall(rb"translate\((-?[\d.]+)", svg.read_bytes())
        assert min(float(start) for start in starts) > 0


def test_an_svg_stands_alone(tmp_path):
    made, axes = plotting.figure(1, 2)
    draw(axes[0, 0])
    plotting.plot_movie(np.arange(12.0).reshape(4, 3), axes[0, 1])
    _, file = plotting.save_figure(made, tmp_path, "figure")
    root = ElementTree.fromstring(file.read_bytes())
    assert [element for element in root.iter() if element.tag in (f"{SVG}text", f"{SVG}metadata")] == []
    targets = [v for e in root.iter() for name, v in e.attrib.items() if name.endswith("href")]
    assert targets
    assert all(target.startswith(("#", "data:image/png;base64,")) for target in targets)
    assert re.search(rb"20\d\d-\d\d", file.read_bytes()) is None


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".hidden", "a b", None])
def test_a_name_that_is_a_path_is_refused(tmp_path, name):
    with pytest.raises(ArgumentError, match=r"^name must be "):
        plotting.save_figure(draw(), tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_figure_or_no_resolution_is_refused(tmp_path):
    with pytest.raises(ArgumentTypeError, match=r"^figure must be "):
        plotting.save_figure("figure", tmp_path, "a")
    with pytest.raises(ArgumentError, match=r"^dpi must be "):
        plotting.save_figure(draw(), tmp_path, "a", dpi=10)


def test_a_missing_folder_is_named_with_its_remedy(tmp_path):
    with pytest.raises(OutputError, match="its folder does not exist; make it with: mkdir -p"):
        plotting.save_figure(draw(), tmp_path / "none", "a")


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*a\.png"):
        plotting.save_figure(draw(), tmp_path, "a")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
