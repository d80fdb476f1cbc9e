"""Compares a Parquet file, as pandas, polars and DuckDB read it, with a CSV file of the same table."""

import csv
import json
import math
import sys

import duckdb
import pandas
import polars
import pyarrow


def of_pandas(path):
    # The types of Arrow keep apart what is missing and what is not a number.
    frame = pandas.read_parquet(path, dtype_backend="pyarrow")
    columns = [pyarrow.array(frame[name]).to_pylist() for name in frame.columns]
    return list(frame.columns), [list(row) for row in zip(*columns)]


def of_polars(path):
    frame = polars.read_parquet(path)
    return frame.columns, [list(row) for row in frame.rows()]


def of_duckdb(path):
    relation = duckdb.sql(f"select * from '{path}'")
    return relation.columns, [list(row) for row in relation.fetchall()]


def is_same(value, text):
    """Whether a value is what the CSV has written as this text."""
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return text in (str(value).lower(), str(int(value)))
    if isinstance(value, int):
        return int(text) == value
    if isinstance(value, float):
        other = float(text)
        both = (value, math.copysign(1, value)), (other, math.copysign(1, other))
        return both[0] == both[1] or (math.isnan(value) and math.isnan(other))
    if value == text:
        return True
    # In a column of several kinds, all but strings is JSON, which has `Infinity` for the CSV's `inf`.
    plain = json.loads(value)
    return plain == (float(text) if isinstance(plain, float) else json.loads(text))


def main(parquet, csv_file):
    with open(csv_file, newline="", encoding="utf-8") as file:
        header, *expected = csv.reader(file)
    assert expected, "there is nothing to compare"
    for read in (of_pandas, of_polars, of_duckdb):
        columns, rows = read(parquet)
        assert list(columns) == header, (read.__name__, columns, header)
        assert len(rows) == len(expected), (read.__name__, len(rows), len(expected))
        for row, texts in zip(rows, expected):
            for name, value, text in zip(columns, row, texts):
                assert is_same(value, text), (read.__name__, name, value, text)
    print("three readers agree on", len(expected), "rows")


main(*sys.argv[1:])
