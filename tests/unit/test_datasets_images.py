"""Reading image files and folders: what is accepted, what is refused and how."""

import struct
import warnings

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from lamina.datasets import Photograph, image_folder, photographs, read_luminance, srgb_to_linear
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, FileError

RAMP = np.tile(np.arange(16, dtype=np.uint8) * 17, (9, 1))


def decoded(code):
    """The standard's transfer function for one value from 0 to 1, branch by branch."""
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4


LINEAR_RAMP = np.tile([decoded(value * 17 / 255) for value in range(16)], (9, 1))


def save(folder, name, array, mode=None, **options):
    file = folder / name
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file, **options)
    return file


def tiff(path, values, order="<", bits=16, photometric=1, data=None):
    """Write a grey TIFF by hand, of kinds that Pillow does not write."""
    data = values.astype(order + "u2").tobytes() if data is None else data
    rows, columns = values.shape
    fields = {
        256: columns,
        257: rows,
        258: bits,
        259: 1,
        262: photometric,
        273: 8,
        277: 1,
        278: rows,
        279: len(data),
    }
    directory = struct.pack(order + "H", len(fields))
    for tag, value in fields.items():
        directory += struct.pack(order + "HHII", tag, 4, 1, value)  # 4: an unsigned 32-bit integer
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(data))
    path.write_bytes(start + data + directory + bytes(4))
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "TIFF"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_lossless_grey_whatever_the_mode(tmp_path, suffix, mode):
    file = save(tmp_path, f"ramp.{suffix}", RAMP, mode)
    np.testing.assert_allclose(read_luminance(file), LINEAR_RAMP, rtol=1e-12, atol=1e-16)


def test_lossless_webp(tmp_path):
    file = save(tmp_path, "ramp.webp", RAMP, "RGB", lossless=True)
    np.testing.assert_allclose(read_luminance(file), LINEAR_RAMP, rtol=1e-12, atol=1e-16)


def test_jpeg_is_near(tmp_path):
    file = save(tmp_path, "ramp.jpg", RAMP, quality=95)
    assert np.abs(read_luminance(file) - LINEAR_RAMP).max() < 0.05


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_keeps_all_its_bits(tmp_path, suffix):
    values = (np.arange(128, dtype=np.uint16) * 7 + 30000).reshape(8, 16)
    luminance = read_luminance(save(tmp_path, f"deep.{suffix}", values))
    expected = np.array([decoded(v / 65535) for v in values.ravel().tolist()]).reshape(8, 16)
    np.testing.assert_allclose(luminance, expected, rtol=1e-12)


def test_sixteen_bits_of_the_other_byte_order(tmp_path):
    values = (np.arange(128, dtype=">u2") * 7 + 30000).reshape(8, 16)
    luminance = read_luminance(tiff(tmp_path / "motorola.tif", values, order=">"))
    np.testing.assert_allclose(luminance, srgb_to_linear(values / 65535.0), rtol=1e-12)


def test_twelve_bits_have_their_own_white(tmp_path):
    values = (np.arange(128) * 17 + 1000).reshape(8, 16)
    packed = bytearray()
    for first, second in values.reshape(-1, 2).tolist():  # two values in three bytes, highest bits first
        packed += ((first << 12) | second).to_bytes(3, "big")
    luminance = read_luminance(tiff(tmp_path / "twelve.tif", values, bits=12, data=bytes(packed)))
    np.testing.assert_allclose(luminance, srgb_to_linear(values / 4095.0), rtol=1e-12)


def test_white_as_zero(tmp_path):
    values = np.arange(128).reshape(8, 16) + 100
    with pytest.raises(FileError, match=r"negative\.tif stores white as 0"):
        read_luminance(tiff(tmp_path / "negative.tif", values, photometric=0))
    narrow = tiff(
        tmp_path / "narrow.tif", values, bits=8, photometric=0, data=values.astype(np.uint8).tobytes()
    )
    np.testing.assert_allclose(read_luminance(narrow), srgb_to_linear((255 - values) / 255.0), rtol=1e-12)


def test_colours_are_weighted_after_decoding(tmp_path):
    colours = np.zeros((8, 8, 3), dtype=np.uint8)
    colours[..., 0], colours[..., 1], colours[..., 2] = 200, 100, 50
    colours[0] = 0
    red, green, blue = (decoded(v / 255) for v in (200, 100, 50))
    luminance = read_luminance(save(tmp_path, "colour.png", colours))
    assert luminance[4, 4] == pytest.approx(0.2126 * red + 0.7152 * green + 0.0722 * blue, rel=1e-12)


def test_floats_are_linear_already(tmp_path):
    values = np.linspace(0, 3, 128, dtype=np.float32).reshape(8, 16)
    np.testing.assert_array_equal(
        read_luminance(save(tmp_path, "float.tif", values)), values.astype(np.float64)
    )


def test_opaque_alpha_is_nothing(tmp_path):
    file = save(tmp_path, "opaque.png", RAMP, "RGBA")
    np.testing.assert_allclose(read_luminance(file), LINEAR_RAMP, rtol=1e-12, atol=1e-16)


def test_orientation_of_the_camera_is_applied(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # the top of the scene is at the right border of the file
    file = tmp_path / "turned.png"
    Image.fromarray(RAMP).save(file, exif=exif)
    np.testing.assert_allclose(read_luminance(file), np.rot90(LINEAR_RAMP, -1), rtol=1e-12, atol=1e-16)


def test_transparency_is_refused(tmp_path):
    pixels = np.dstack([RAMP, RAMP, RAMP, np.full_like(RAMP, 255)])
    pixels[0, 0, 3] = 10
    with pytest.raises(FileError, match=r"hole\.png has transparent pixels"):
        read_luminance(save(tmp_path, "hole.png", pixels))


def test_transparent_palette_is_refused(tmp_path):
    with pytest.raises(FileError, match="transparent"):
        read_luminance(save(tmp_path, "hole.png", RAMP, "P", transparency=0))


def test_several_pages_are_refused(tmp_path):
    file = tmp_path / "pages.tif"
    Image.fromarray(RAMP).save(file, save_all=True, append_images=[Image.fromarray(RAMP)])
    with pytest.raises(FileError, match=r"pages\.tif holds 2 pages"):
        read_luminance(file)


def test_integers_without_a_white_are_refused(tmp_path):
    with pytest.raises(FileError, match="signed or 32-bit integers"):
        read_luminance(save(tmp_path, "counts.tif", RAMP.astype(np.int32)))


@pytest.mark.parametrize(("bad", "message"), [(np.nan, "NaN"), (np.inf, "infinite"), (-1.0, "negative")])
def test_floats_that_are_no_luminance(tmp_path, bad, message):
    values = np.linspace(0, 1, 128, dtype=np.float32).reshape(8, 16)
    values[2, 3] = bad
    with pytest.raises(DataError, match=rf"bad\.tif must be .* got 1 pixel.*{message}"):
        read_luminance(save(tmp_path, "bad.tif", values))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_one_colour_is_refused(tmp_path, mode):
    with pytest.raises(DataError, match=r"grey\.png .* 16 x 9 pixels all alike"):
        read_luminance(save(tmp_path, "grey.png", np.full_like(RAMP, 99), mode))


@pytest.mark.parametrize("shape", [(7, 100), (100, 7), (1, 1)])
def test_small_images_are_refused(tmp_path, shape):
    values = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    with pytest.raises(DataError, match=rf"small\.png .* {shape[1]} x {shape[0]} pixels"):
        read_luminance(save(tmp_path, "small.png", values))


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "webp"])
@pytest.mark.parametrize("keep", [0, 3, 30, 0.6])
def test_truncated_files_are_named(tmp_path, suffix, keep):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = save(tmp_path, f"cut.{suffix}", noise)
    whole = file.read_bytes()
    file.write_bytes(whole[: keep if isinstance(keep, int) else int(keep * len(whole))])
    with pytest.raises(FileError, match=rf"cut\.{suffix}"):
        read_luminance(file)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "webp"])
def test_bytes_at_random_never_escape_as_something_else(tmp_path, suffix):
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    file = save(tmp_path, f"hit.{suffix}", noise)
    whole = np.frombuffer(file.read_bytes(), dtype=np.uint8)
    messages = []
    for _ in range(60):
        hit = whole.copy()
        hit[rng.integers(0, len(hit), 8)] = rng.integers(0, 256, 8)
        file.write_bytes(hit.tobytes())
        try:
            luminance = read_luminance(file)
        except (FileError, DataError) as error:
            messages.append(str(error))
        else:
            assert np.isfinite(luminance).all()
    assert all(f"hit.{suffix}" in message for message in messages)
    if suffix == "png":  # checksums: hardly a hit passes unseen
        assert len(messages) > 50


@pytest.mark.parametrize("side", [12_000, 30_000])  # above Pillow's warning, and above its error
def test_decompression_bomb(tmp_path, side):
    file = save(tmp_path, "bomb.bmp", RAMP)
    header = bytearray(file.read_bytes())
    header[18:26] = struct.pack("<ii", side, side)
    file.write_bytes(header)
    with pytest.raises(FileError, match=r"bomb\.bmp holds more than \d+ pixels"):
        read_luminance(file)


def test_missing_file_and_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_luminance(tmp_path / "none.png")
    with pytest.raises(FileError, match="is a folder"):
        read_luminance(tmp_path)
    with pytest.raises(ArgumentTypeError, match="path must be a path"):
        read_luminance(3)  # type: ignore[arg-type]
    with pytest.raises(FileError, match="does not exist"):
        read_luminance("x" * 5000)


def test_folder_in_natural_order_with_its_sampling(tmp_path):
    for name in ("b2.png", "b10.PNG", "a.jpg", "10.bmp", "9.tif", "b02.png", "B3.png"):
        save(tmp_path, name, RAMP)
    save(tmp_path, "wide.png", np.tile(RAMP, (1, 2)))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_text("not an image")
    (tmp_path / "sub.png").mkdir()
    scenes = image_folder(tmp_path, field_of_view_deg=80.0)
    assert [scene.name for scene in scenes] == ["9", "10", "a", "b02", "b2", "B3", "b10", "wide"]
    assert [scene.degrees_per_pixel for scene in scenes] == [5.0] * 7 + [2.5]
    assert all(scene.field_of_view_deg == 80.0 for scene in scenes)
    assert scenes[0].source == str(tmp_path / "9.tif")


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(FileError, match="no files"):
        image_folder(tmp_path, 90.0)
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(FileError, match=r"1 other file\(s\).*\.png"):
        image_folder(tmp_path, 90.0)
    with pytest.raises(FileError, match="is a file, not a folder"):
        image_folder(tmp_path / "notes.txt", 90.0)
    with pytest.raises(FileError, match="does not exist"):
        image_folder(tmp_path / "nowhere", 90.0)


def test_one_bad_image_is_named(tmp_path):
    save(tmp_path, "good.png", RAMP)
    (tmp_path / "bad.png").write_text("this is text")
    with pytest.raises(FileError, match=r"bad\.png is not an image"):
        image_folder(tmp_path, 90.0)


@pytest.mark.parametrize("angle", [0.0, -1.0, 361.0, np.nan])
def test_field_of_view_out_of_range(tmp_path, angle):
    with pytest.raises(ArgumentError, match="field_of_view_deg"):
        image_folder(tmp_path, angle)


def test_bundled_photographs():
    scenes = photographs()
    assert [scene.name for scene in scenes] == ["china", "flower"]
    for scene in scenes:
        assert isinstance(scene, Photograph)
        assert scene.luminance.shape == (427, 640)
        assert scene.luminance.dtype == np.float64
        assert 0 <= scene.luminance.min() < scene.luminance.max() <= 1
        assert scene.degrees_per_pixel == 1 / 2.575
        assert "CC BY 2.0" in scene.source
    assert photographs(degrees_per_pixel=0.1)[1].field_of_view_deg == pytest.approx(64.0)
    with pytest.raises(ArgumentError, match="degrees_per_pixel"):
        photographs(degrees_per_pixel=0)


def test_photographs_against_scikit_learn_own_loader():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = load_sample_image("china.jpg")
    row, column = 200, 300
    expected = sum(
        w * decoded(int(v) / 255) for w, v in zip((0.2126, 0.7152, 0.0722), pixels[row, column], strict=True)
    )
    assert photographs()[0].luminance[row, column] == pytest.approx(expected, rel=1e-12)


def test_transfer_function_is_continuous_and_monotone():
    values = np.linspace(0, 1, 2001)
    linear = srgb_to_linear(values)
    assert np.all(np.diff(linear) > 0)
    assert np.diff(linear).max() < 2.5 * 0.0005  # the slope at white is 2.4 / 1.055


def test_an_image_higher_than_the_sky_is_refused(tmp_path):
    save(tmp_path, "tall.png", np.ascontiguousarray(np.tile(RAMP, (4, 1))))
    assert image_folder(tmp_path, 80.0)[0].degrees_per_pixel == 5.0
    with pytest.raises(DataError, match=r"tall\.png must be at most 180 degrees high, got 202\.5 degrees"):
        image_folder(tmp_path, 90.0)
