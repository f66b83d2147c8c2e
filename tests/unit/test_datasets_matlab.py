"""MATLAB files: written here as MATLAB writes them, with its header and its order of axes."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.io

from lamina.datasets import contrast_scenes
from lamina.errors import ArgumentTypeError, DataError, FileError, MissingDependencyError, ShapeError

h5py = pytest.importorskip("h5py")

SCENES = [np.arange(6.0).reshape(2, 3) / 10, -np.arange(20.0).reshape(4, 5), np.array([[1.5, 2.5]])]


def write(path, fill, header=True):
    """Make a v7.3 file: HDF5 behind a block of 512 bytes, as MATLAB lays it out."""
    with h5py.File(path, "w", userblock_size=512 if header else 0) as file:
        fill(file)
    if header:
        text = (
            b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 ."
        )
        with path.open("r+b") as stream:
            stream.write(text.ljust(124) + b"\x00\x02IM")
    return path


def matrix(group, name, array):
    stored = group.create_dataset(name, data=np.asarray(array).T)
    stored.attrs["MATLAB_class"] = np.bytes_("double")
    return stored


def cells(file, rows, columns, arrays, name="contrastScenes"):
    """A cell array of ``rows`` by ``columns``, filled down its columns as MATLAB counts."""
    refs = file.create_group("#refs#")
    stored = file.create_dataset(name, (columns, rows), dtype=h5py.ref_dtype)
    stored.attrs["MATLAB_class"] = np.bytes_("cell")
    for index, array in enumerate(arrays):
        stored[index // rows, index % rows] = matrix(refs, f"c{index}", array).ref


@pytest.mark.parametrize("header", [True, False])
def test_matrix(tmp_path, header):
    file = write(tmp_path / "a.mat", lambda f: matrix(f, "contrastScenes", SCENES[0]), header)
    (scene,) = contrast_scenes(file)
    np.testing.assert_array_equal(scene, SCENES[0])
    assert scene.flags.c_contiguous


def test_array_of_three_axes(tmp_path):
    stack = np.random.default_rng(0).standard_normal((4, 7, 3))
    scenes = contrast_scenes(write(tmp_path / "a.mat", lambda f: matrix(f, "contrastScenes", stack)))
    assert len(scenes) == 3
    for index, scene in enumerate(scenes):
        np.testing.assert_array_equal(scene, stack[:, :, index])


@pytest.mark.parametrize(("rows", "columns"), [(1, 3), (3, 1)])
def test_cells_of_different_sizes(tmp_path, rows, columns):
    scenes = contrast_scenes(write(tmp_path / "a.mat", lambda f: cells(f, rows, columns, SCENES)))
    for scene, expected in zip(scenes, SCENES, strict=True):
        np.testing.assert_array_equal(scene, expected)


def test_cells_in_rows_and_columns_come_in_the_order_of_matlab(tmp_path):
    arrays = [np.full((2, 2), float(index)) for index in range(6)]
    scenes = contrast_scenes(str(write(tmp_path / "a.mat", lambda f: cells(f, 2, 3, arrays))))
    assert [scene[0, 0] for scene in scenes] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
def test_other_numbers_become_float64_exactly(tmp_path, dtype):
    values = (np.arange(12) * 1.1).astype(dtype).reshape(3, 4)
    (scene,) = contrast_scenes(write(tmp_path / "a.mat", lambda f: matrix(f, "contrastScenes", values)))
    assert scene.dtype == np.float64
    np.testing.assert_array_equal(scene, values)


def test_wrong_variable_lists_what_is_there(tmp_path):
    def fill(file):
        matrix(file, "scenes", SCENES[0])
        matrix(file, "another", SCENES[0])
        file.create_group("#refs#")

    with pytest.raises(
        FileError, match=r"a\.mat does not hold the variable contrastScenes; it holds another, scenes\."
    ):
        contrast_scenes(write(tmp_path / "a.mat", fill))
    with pytest.raises(FileError, match="it holds nothing"):
        contrast_scenes(write(tmp_path / "b.mat", lambda f: None))


def test_structure_in_its_place(tmp_path):
    with pytest.raises(FileError, match="holds a structure"):
        contrast_scenes(write(tmp_path / "a.mat", lambda f: f.create_group("contrastScenes")))


def empty(file):
    stored = file.create_dataset("contrastScenes", data=np.array([0, 0], dtype=np.uint64))
    stored.attrs["MATLAB_empty"] = np.uint8(1)


def empty_cell(file):
    cells(file, 1, 3, SCENES[:2])  # the third reference is null


def cell_of_nothing(file):
    cells(file, 1, 2, [SCENES[0], np.array([[0.0], [0.0]])])  # MATLAB stores the size of what is empty
    file["#refs#/c1"].attrs["MATLAB_empty"] = np.uint8(1)


def text(file):
    stored = file.create_dataset("contrastScenes", data=np.frombuffer(b"a\0b\0", dtype=np.uint16)[:, None])
    stored.attrs["MATLAB_class"] = np.bytes_("char")


def complex_numbers(file):
    values = np.zeros((2, 2), dtype=[("real", float), ("imag", float)])
    file.create_dataset("contrastScenes", data=values)


@pytest.mark.parametrize(
    ("fill", "error", "message"),
    [
        (empty, DataError, "empty array"),
        (empty_cell, DataError, r"contrastScenes\{3\} must be a matrix, got an empty cell"),
        (cell_of_nothing, DataError, r"contrastScenes\{2\} must be a matrix"),
        (text, DataError, "got text"),
        (complex_numbers, DataError, "real numbers"),
        (lambda f: matrix(f, "contrastScenes", np.zeros((2, 3, 4, 5))), ShapeError, r"size \(2, 3, 4, 5\)"),
        (lambda f: matrix(f, "contrastScenes", [[1.0, np.nan]]), DataError, "1 value.s. that are NaN"),
        (
            lambda f: cells(f, 1, 2, [SCENES[0], SCENES[0] * np.inf]),
            DataError,
            r"contrastScenes\{2\} must be finite",
        ),
    ],
)
def test_contents_that_cannot_be_scenes(tmp_path, fill, error, message):
    with np.errstate(invalid="ignore"):
        file = write(tmp_path / "a.mat", fill)
    with pytest.raises(error, match=message):
        contrast_scenes(file)


def test_older_format_is_recognised(tmp_path):
    scipy.io.savemat(tmp_path / "old.mat", {"contrastScenes": SCENES[0]})
    with pytest.raises(FileError, match=r"old\.mat is a MATLAB v5 to v7 file.*-v7\.3.*loadmat"):
        contrast_scenes(tmp_path / "old.mat")


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 600])
def test_other_files(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(FileError, match=r"a\.mat is not a MATLAB v7\.3 file"):
        contrast_scenes(tmp_path / "a.mat")


@pytest.mark.parametrize("keep", [520, 600, 0.5, 0.9])
def test_truncated_file(tmp_path, keep):
    file = write(tmp_path / "a.mat", lambda f: cells(f, 1, 3, SCENES))
    whole = file.read_bytes()
    file.write_bytes(whole[: keep if isinstance(keep, int) else int(keep * len(whole))])
    with pytest.raises(FileError, match=r"a\.mat cannot be read as HDF5"):
        contrast_scenes(file)


def test_paths(tmp_path):
    with pytest.raises(FileError, match="is a folder"):
        contrast_scenes(tmp_path)
    with pytest.raises(ArgumentTypeError, match="path"):
        contrast_scenes(None)  # type: ignore[arg-type]


def test_without_h5py(tmp_path, monkeypatch):
    file = write(tmp_path / "a.mat", lambda f: matrix(f, "contrastScenes", SCENES[0]))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "lamina\[data\]"'):
        contrast_scenes(file)


def test_import_loads_nothing_heavy():
    code = (
        "import sys, lamina.datasets, lamina.simulate; "
        "print([m for m in ('torch', 'matplotlib', 'h5py', 'pandas') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
