"""Ten thousand seeded changes to files of every kind: a named error or a whole result, in little memory.

Every run is a process of its own, so that a crash or hang inside a C library is seen as well, and so that its
memory is its own. `make test` runs some of the changes; the slow test runs all of them.
"""

import contextlib
import copy
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

WORDS = (0, 1, 0x7F, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


def mutated(whole, random):
    """Flip, overwrite, cut out, double, truncate, extend; half of the time near the beginning or the end."""
    content = bytearray(whole)
    for _ in range(int(random.integers(1, 4))):
        size = len(content) or 1
        place = int(random.integers([size, min(size, 400), min(size, 1500)][int(random.integers(3))]))
        if random.random() < 0.25:
            place = max(0, len(content) - 1 - place)
        length = int(random.integers(1, 24))
        kind = int(random.integers(9))
        if kind <= 1 and content:
            content[min(place, len(content) - 1)] ^= 1 << int(random.integers(8))
        elif kind == 2:
            content[place : place + length] = random.bytes(length)
        elif kind == 3:
            del content[place : place + length]
        elif kind == 4:
            content[place:place] = content[place : place + length]
        elif kind == 5 and random.random() < 0.3:
            del content[place:]
        elif kind == 6:
            content += random.bytes(length)
        else:
            width = int(random.choice([1, 2, 4, 8]))
            word = WORDS[int(random.integers(len(WORDS)))] % 2 ** (8 * width)
            order = "little" if random.random() < 0.7 else "big"
            content[place : place + width] = word.to_bytes(width, order)
    return bytes(content)


HOSTILE = (
    *(None, True, False, 0, -1, 1, 2, 3, 7, 10**6, 2**31, 2**53, 2**63, 2**64, 10**30, 10**400),
    *(0.0, -0.0, -1.0, 0.5, 1e308, 5e-324, 1.5, 3.0),
    *("", "auto", "none", "cca", "svc", "eval", "__import__('os')", "x" * 5000, "\ud800", "\0", "é"),
    *("NaN", "1"),
    *("F64", "<f8", "|O", "object", "float64", "pickle", "/etc/passwd", "../../x", "\u202e"),
    *([], {}, [[]], ["on"], ["on", "off", "split"], [1, 2], [2**62, 2**62], [None], {"a": 1}, [0] * 1000),
)


def nested(depth):
    return [nested(depth - 1)] if depth else 0


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def mutated_json(value, random):
    """Put something hostile in the place of a part, take it away, rename it, copy another there, scale it."""
    changed = copy.deepcopy(value)
    for _ in range(int(random.integers(1, 3))):
        known = [place for place in places(changed) if place]
        if not known:
            break
        place = known[int(random.integers(len(known)))]
        part = changed
        for key in place[:-1]:
            part = part[key]
        key, kind = place[-1], int(random.integers(8))
        if kind <= 2:
            part[key] = copy.deepcopy(HOSTILE[int(random.integers(len(HOSTILE)))])
        elif kind == 3:
            del part[key]
        elif kind == 4 and isinstance(part, dict):
            part["".join(chr(int(c)) for c in random.integers(1, 0x2000, 5))] = part.pop(key)
        elif kind == 5:
            other = known[int(random.integers(len(known)))]
            room = changed
            for step in other[:-1]:
                room = room[step]
            part[key] = copy.deepcopy(room[other[-1]])
        elif kind == 6:
            part[key] = nested(int(random.choice([2, 20, 100])))
        elif isinstance(part[key], (int, float)):
            part[key] = part[key] * random.choice([-1, 0.5, 2, 10**9]).item() + random.integers(-2, 3).item()
    return changed


# what is written, changed and read again


def recording(samples=300, channels=2, seed=0):
    noise = np.random.default_rng(seed).standard_normal((samples + 40, channels))
    return np.stack(
        [np.convolve(column, 0.9 ** np.arange(40), "valid")[:samples] for column in noise.T], axis=1
    )


def write_signals(kind, path):
    """Write a recording in the format, several variants of which may exist."""
    samples = recording(60)
    if kind == "npy":
        np.save(path, samples)
    elif kind == "npz":
        np.savez_compressed(path, samples)
    elif kind == "csv":
        path.write_text("left,right\n" + "\n".join(f"{a:.3g},{b:.3g}" for a, b in samples))
    elif kind in ("wav", "wav24"):
        write_wav(path, (samples * 1000).astype(np.int16), 24 if kind == "wav24" else 16)
    elif kind in ("flac", "ogg", "aiff"):
        import soundfile

        soundfile.write(path, np.clip(recording(3000) / 9, -1, 1), 8000)
    elif kind == "parquet":
        import pyarrow
        import pyarrow.parquet

        columns = {"a": samples[:, 0], "b": np.arange(60), "c": (np.arange(60) % 3).astype(np.float32)}
        table = pyarrow.table(columns).replace_schema_metadata({"sampling_rate": "50"})
        pyarrow.parquet.write_table(table, path, row_group_size=25)
    elif kind in ("h5", "h5new"):
        import h5py

        with h5py.File(path, "w", libver="latest" if kind == "h5new" else "earliest") as file:
            packed = {"compression": "gzip", "shuffle": True} if kind == "h5new" else {"fletcher32": True}
            dataset = file.create_dataset("left/x", data=samples, chunks=(16, 2), **packed)
            dataset.attrs["sampling_rate"] = 50.0
            dataset.attrs["channel_names"] = np.array(["left", "right"], dtype="S")
            file["title"] = "a title"
    else:
        import zarr

        version = 2 if kind.endswith("2") else 3
        store = zarr.storage.ZipStore(path, mode="w") if kind.startswith("zip") else path
        codec = {"zarr2": "auto", "zip2": "auto", "zarr3": "auto", "zip3": None}[kind]
        array = zarr.create_array(
            store, shape=samples.shape, dtype=samples.dtype, chunks=(40, 2), zarr_format=version,
            compressors=codec, attributes={"sampling_rate": 50.0, "channel_names": ["left", "right"]},
        )  # fmt: skip
        array[:] = samples
        if kind.startswith("zip"):
            store.close()


def write_wav(path, samples, bits):
    data = samples.astype("<i2").tobytes()
    if bits == 24:
        wide = samples.astype("<i4").reshape(-1, 1).view(np.uint8)
        data = np.ascontiguousarray(wide.reshape(-1, 4)[:, :3]).tobytes()
    width, channels = bits // 8, samples.shape[1]
    layout = struct.pack("<HHIIHH", 1, channels, 8000, 8000 * channels * width, channels * width, bits)
    chunks = b"fmt " + (16).to_bytes(4, "little") + layout + b"LIST" + (4).to_bytes(4, "little") + b"abcd"
    chunks += b"data" + len(data).to_bytes(4, "little") + data
    path.write_bytes(b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WAVE" + chunks)


SUFFIXES = {"wav24": "wav", "h5new": "h5", "zarr2": "zarr", "zarr3": "zarr", "zip2": "zip", "zip3": "zip"}
SIGNALS = (
    "npy", "npz", "csv", "wav", "wav24", "flac", "ogg", "aiff", "parquet", "h5", "h5new",
    "zarr2", "zarr3", "zip2", "zip3",
)  # fmt: skip


def signal_cases(kind, folder):
    """Yield functions that change the file by a generator, and read it."""
    path = folder / f"x.{SUFFIXES.get(kind, kind)}"
    write_signals(kind, path)
    from lamina.io.signals import open_signal, read_signal

    def read():
        signal = read_signal(path)
        assert isinstance(signal.samples, np.ndarray)
        assert signal.samples.ndim in (1, 2)
        assert signal.samples.dtype.kind in "fiub"
        assert signal.sampling_rate is None or 0 < signal.sampling_rate < np.inf
        with open_signal(path) as opened:
            assert opened.samples.shape == signal.samples.shape
            np.testing.assert_array_equal(np.asarray(opened.samples[1:7]), signal.samples[1:7])

    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    wholes = {file: file.read_bytes() for file in files}

    def change(random):
        for file, whole in wholes.items():
            file.write_bytes(whole)
        file = files[int(random.integers(len(files)))]
        if random.random() < 0.7 and wholes[file].lstrip()[:1] == b"{":
            text = json.dumps(mutated_json(json.loads(wholes[file]), random))
            file.write_bytes(text.encode("utf-8", "surrogatepass"))
        else:
            file.write_bytes(mutated(wholes[file], random))

    return change, read


def models():
    import lamina
    from lamina.resu import ReSULayer, ReSUNetwork
    from lamina.resu.local import LocalReSU

    parameters = {"gap": 2, "rectify": ["none", "on", "split"], "sampling_rate": 50.0}
    layers = [ReSULayer(3, 2, 2, rectify=("none", "split")), ReSULayer(1, 1, 2, gap=3, width=2, spacing=2)]
    return {
        "unit": lamina.ReSU(4, 3, 3, **parameters).fit(recording()),
        "chosen": lamina.ReSU(n_surrogates=20).fit(recording()),
        "local": LocalReSU(4, 3, 2).fit(recording()),
        "network": ReSUNetwork(layers).fit(recording(channels=4, seed=1)),
    }


def model_cases(kind, folder):
    from lamina.errors import LaminaError
    from lamina.io import load, save

    name, _, how = kind.partition("-")
    model = models()[name]
    path = folder / "model.safetensors"
    save(model, path)
    test = recording(30, channels=4 if name == "network" else 2)
    expected = model.transform(test).tobytes()

    def read():
        again = load(path)
        assert repr(again)
        with contextlib.suppress(LaminaError):
            outputs = again.transform(test)
            assert np.isfinite(outputs).all()
            assert how != "bytes" or outputs.tobytes() == expected

    return changing(path, how), read


def spike_cases(kind, folder):
    from lamina.encoding.registry import code_named
    from lamina.errors import LaminaError
    from lamina.io import read_spikes, write_spikes

    name, _, how = kind.removeprefix("spikes-").partition("-")
    code = code_named(name)().fit(recording(), 0, trials=2)
    path, spikes = folder / "spikes.safetensors", code.encode(recording(), 0)
    write_spikes(path, spikes, code, 0, sampling_rate=50.0, channel_names=["left", "right"])
    expected = code.decode(spikes, 0).tobytes()

    def read():
        again = read_spikes(path)
        assert repr(again.code)
        with contextlib.suppress(LaminaError):
            decoded = again.code.decode(again.spikes, again.dim)
            assert how != "bytes" or decoded.tobytes() == expected

    return changing(path, how), read


def changing(path, how):
    """Give a function that changes the bytes, or the description and the arrays, of a file of ours."""
    from lamina.io.container import read_container, write_container

    whole = path.read_bytes()
    description, arrays = read_container(path, integers=True)

    def change(random):
        if how == "bytes":
            path.write_bytes(mutated(whole, random))
            return
        kept = dict(arrays)
        if random.random() < 0.3:
            change_arrays(kept, random)
        # the checksum is made anew, so that the change reaches the inner checks
        with contextlib.suppress(ValueError, UnicodeEncodeError):
            write_container(path, mutated_json(description, random), kept)

    return change


def change_arrays(arrays, random):
    """Change the type, shape, values or name of one array, or swap two."""
    names = sorted(arrays)
    name, other = (names[int(random.integers(len(names)))] for _ in range(2))
    kind = int(random.integers(7))
    if kind == 0:
        arrays[name] = arrays[name].astype(np.float32)
    elif kind == 1:
        arrays[name] = np.ascontiguousarray(arrays[name].T)
    elif kind == 2:
        arrays[name], arrays[other] = arrays[other], arrays[name]
    elif kind == 3:
        arrays["x" * int(random.integers(1, 300))] = arrays.pop(name)
    elif kind == 4:
        arrays[name] = arrays[name].ravel()[: int(random.integers(3))]
    else:
        arrays[name] = arrays[name] * float(random.choice([-1.0, 0.0, 1e300, 1e-300, np.nan, np.inf]))


HOW = ("bytes", "json")
MODELS = tuple(f"{name}-{how}" for name in ("unit", "chosen", "network", "local") for how in HOW)
SPIKES = tuple(f"spikes-{code}-{how}" for code in ("sf", "bsa", "tbr", "population") for how in HOW)
CASES = {"signal": signal_cases, "model": model_cases, "spikes": spike_cases}


def resident_bytes():
    # macOS counts bytes, Linux kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def run(kind, first, count):
    """Change and read ``count`` times, and report what happened."""
    from lamina.errors import LaminaError

    warnings.simplefilter("ignore")
    report = {"kind": kind, "refused": 0, "read": 0, "other": [], "long": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        group = "signal" if kind in SIGNALS else "spikes" if kind in SPIKES else "model"
        change, read = CASES[group](kind, folder)
        # everything that reading needs is loaded before memory is looked at
        read()
        before = resident_bytes()
        for number in range(first, first + count):
            change(np.random.default_rng([number, len(kind)]))
            print(kind, number, file=sys.stderr, flush=True)
            begun = time.process_time()
            try:
                read()
            except LaminaError as error:
                report["refused"] += 1
                if "\n" in str(error) or len(str(error)) > 1200:
                    report["other"].append(f"{number}: {str(error)[:200]!r}")
            except BaseException as error:
                report["other"].append(f"{number}: {type(error).__name__}: {str(error)[:200]}")
            else:
                report["read"] += 1
            if time.process_time() - begun > 5:
                report["long"].append(number)
        report["grown"] = resident_bytes() - before
    print(json.dumps(report))


def check(kinds, first, count):
    """Run in a process of its own and look at its reports."""
    done = subprocess.run(
        [sys.executable, __file__, *kinds, str(first), str(count)],
        capture_output=True,
        text=True,
        timeout=1800,
    )
    last = done.stderr.strip().splitlines()[-5:]
    assert done.returncode == 0, f"the process died at {last}"
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["kind"] for report in reports] == list(kinds)
    for report in reports:
        assert report["other"] == [], report
        assert report["long"] == [], report
        assert report["grown"] < 2**26, report
        assert report["refused"] + report["read"] == count
        # changes that nothing notices would test nothing; raw samples may be any numbers
        assert report["refused"] > count * (0.01 if report["kind"] == "aiff" else 0.15), report


EVERY_KIND = (*SIGNALS, *MODELS, *SPIKES)
PARTS = (SIGNALS[:5], SIGNALS[5:11], SIGNALS[11:], MODELS[:4], MODELS[4:], SPIKES)


@pytest.mark.parametrize("kinds", PARTS, ids=lambda kinds: kinds[0])
def test_some_changes(kinds):
    check(kinds, 0, 70)


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_ten_thousand_changes(kind):
    check([kind], 0, 10_000)


if __name__ == "__main__":
    for word in sys.argv[1:-2]:
        run(word, int(sys.argv[-2]), int(sys.argv[-1]))
