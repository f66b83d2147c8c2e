"""Sound in ``.flac``, ``.ogg`` and ``.aiff`` files, by libsndfile."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lamina.io.lazy import Content, LazySamples, need, refuse

_FORMATS = {
    ".flac": ("FLAC",),
    ".ogg": ("OGG",),
    ".opus": ("OGG",),
    ".aiff": ("AIFF",),
    ".aif": ("AIFF",),
}

SUFFIXES = tuple(_FORMATS)


def open_sound(file: Path, member: str | None) -> Content:
    """Open a sound file; samples come as float64 in [-1, 1], as libsndfile scales them."""
    del member
    soundfile = need("soundfile", file.suffix, file)
    # the system says what is missing or forbidden, in better words than libsndfile
    with file.open("rb"):
        pass
    sound = soundfile.SoundFile(file)
    try:
        if sound.format not in _FORMATS[file.suffix.lower()]:
            refuse(file, f"it is a {sound.format} file by its content; give it the suffix of its format")
        frames, channels = int(sound.frames), int(sound.channels)
        if frames <= 0 or channels <= 0 or sound.samplerate <= 0:
            raise ValueError("it holds no sound")
        if not sound.seekable():
            raise ValueError("it cannot be read from any place")
    except BaseException:
        sound.close()
        raise
    shape = (frames,) if channels == 1 else (frames, channels)

    def read(start: int, stop: int) -> np.ndarray:
        if sound.tell() != start:
            sound.seek(start)
        # the number of frames is a promise of the header: what comes out is gathered piece by piece
        pieces, missing = [np.zeros((0, channels))], stop - start
        step = max(1, 2**19 // channels)
        while missing:
            piece = sound.read(min(missing, step), dtype="float64", always_2d=True)
            if not len(piece):
                break
            pieces.append(piece)
            missing -= len(piece)
        return np.concatenate(pieces).reshape(-1, *shape[1:])

    detail = f"sound, {sound.format} {sound.subtype}"
    samples = LazySamples(str(file), shape, np.float64, read)
    return Content(samples, float(sound.samplerate), detail=detail, close=sound.close)
