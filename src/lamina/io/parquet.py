"""Tables in Parquet files: every column a channel, read one row group at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lamina.io.lazy import Content, LazySamples, check_unfolding, need, refuse

RATE_KEY = b"sampling_rate"


def open_parquet(file: Path, member: str | None) -> Content:
    """Open a Parquet file whose columns are all numbers; a null is a missing sample (NaN).

    The index that pandas stores is left out. ``sampling_rate`` among the key-value metadata of the file, in
    hertz, is kept.
    """
    del member
    parquet = need("pyarrow.parquet", ".parquet", file)
    stored = file.stat().st_size
    # nothing of the file's own making (pandas metadata, Arrow extension types) is asked to build objects
    table = parquet.ParquetFile(file, arrow_extensions_enabled=False, thrift_string_size_limit=2**24)
    try:
        schema, metadata = table.schema_arrow, table.metadata
        names = [name for name in schema.names if name not in _index_columns(schema.metadata)]
        if len(set(schema.names)) != len(schema.names):
            refuse(file, "two of its columns have the same name")
        if not names or metadata.num_rows < 1:
            refuse(file, "it holds no numbers; give one row per sample and one column per channel")
        kinds = [_dtype(file, name, schema.field(name).type) for name in names]
        nullable = any(kind.kind != "f" for kind in kinds)
        dtype = np.result_type(*kinds, *([np.float64] if nullable else []))
        lengths = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
        if any(length < 0 for length in lengths) or sum(lengths) != metadata.num_rows:
            refuse(file, "the rows of its groups do not add up to those of the file")
        for index, length in enumerate(lengths):
            group = metadata.row_group(index)
            most = max(length * len(names) * dtype.itemsize, group.total_byte_size)
            check_unfolding(file, f"row group {index}", most, stored)
        rate = _rate(file, schema.metadata)
    except BaseException:
        table.close()
        raise
    ends = np.cumsum([0, *lengths])
    shape = (metadata.num_rows,) if len(names) == 1 else (metadata.num_rows, len(names))
    groups = _Groups(table, names, dtype, lengths)

    def read(start: int, stop: int) -> np.ndarray:
        first = max(0, int(np.searchsorted(ends, start, "right")) - 1)
        pieces = [np.zeros((0, len(names)), dtype)]
        for index in range(first, len(lengths)):
            if ends[index] >= stop:
                break
            rows = groups.rows(index)
            pieces.append(rows[max(0, start - ends[index]) : stop - ends[index]])
        return np.concatenate(pieces).reshape(-1, *shape[1:])

    detail = f"Parquet table of {len(lengths)} row group(s)"
    return Content(
        LazySamples(str(file), shape, dtype, read), rate, tuple(names), detail=detail, close=table.close
    )


class _Groups:
    """The row group that was read last stays at hand: recordings are read in order."""

    def __init__(self, table: Any, names: list[str], dtype: np.dtype, lengths: list[int]) -> None:
        self._table, self._names, self._dtype, self._lengths = table, names, dtype, lengths
        self._last: tuple[int, np.ndarray] | None = None

    def rows(self, index: int) -> np.ndarray:
        if self._last is None or self._last[0] != index:
            group = self._table.read_row_group(index, columns=self._names, use_threads=False)
            if group.num_rows != self._lengths[index]:
                raise ValueError("a row group is shorter than it says")
            rows = np.empty((group.num_rows, len(self._names)), self._dtype)
            for column, name in enumerate(self._names):
                rows[:, column] = _numbers(group.column(name), self._dtype)
            self._last = (index, rows)
        return self._last[1]


def _numbers(column: Any, dtype: np.dtype) -> np.ndarray:
    import pyarrow

    kind = pyarrow.types
    if kind.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kind.is_decimal(column.type) or kind.is_boolean(column.type):
        column = (
            column.cast(pyarrow.float64()) if kind.is_decimal(column.type) else column.cast(pyarrow.uint8())
        )
    if column.null_count:
        target = pyarrow.float32() if dtype == np.float32 else pyarrow.float64()
        # unsafe: integers above 2^53 lose their last digits, as they do in every other reader
        column = column.cast(target, safe=False).fill_null(float("nan"))
    return column.to_numpy()


def _dtype(file: Path, name: str, kind: Any) -> np.dtype:
    import pyarrow

    types = pyarrow.types
    value = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_floating(value) or types.is_integer(value):
        return np.dtype(value.to_pandas_dtype())
    if types.is_boolean(value):
        return np.dtype(np.uint8)
    if not types.is_decimal(value):
        refuse(
            file,
            f"column {name[:60]!r} is of type {str(kind)[:60]}, and a channel holds real numbers; "
            f"take that column out",
        )
    return np.dtype(np.float64)


def _index_columns(metadata: Any) -> set[str]:
    import json

    try:
        columns = json.loads((metadata or {})[b"pandas"])["index_columns"]
        return {column for column in columns if isinstance(column, str)}
    except (KeyError, TypeError, ValueError, RecursionError):
        return set()


def _rate(file: Path, metadata: Any) -> float | None:
    text = (metadata or {}).get(RATE_KEY)
    if text is None:
        return None
    from lamina.io.attributes import checked_rate

    try:
        return checked_rate(file, float(text.decode("ascii")))
    except (UnicodeDecodeError, ValueError):
        return checked_rate(file, None)
