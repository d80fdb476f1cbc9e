"""Checks that pandas, polars and DuckDB read the ids of tables as strings, each id as its own."""

import os
import sys
import tempfile

import duckdb
import pandas
import polars


def of_pandas(path):
    read = pandas.read_csv if path.endswith(".csv") else pandas.read_parquet
    return read(path)["id"].tolist()


def of_polars(path):
    read = polars.read_csv if path.endswith(".csv") else polars.read_parquet
    return read(path)["id"].to_list()


def of_duckdb(path):
    return [row[0] for row in duckdb.sql(f"select id from '{path}'").fetchall()]


def merged_by_pandas(left, right):
    read = pandas.read_csv
    return len(read(left).merge(read(right), on="id"))


def merged_by_polars(left, right):
    read = polars.read_csv
    return len(read(left).join(read(right), on="id"))


def merged_by_duckdb(left, right):
    question = f"select count(*) from '{left}' join '{right}' using (id)"
    return duckdb.sql(question).fetchall()[0][0]


def check_each_alone(ids):
    """A reader guesses the type of a column, so each id is a column: it could be in a table alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "wide.csv")
        with open(path, "w", encoding="utf-8") as file:
            names = (f"c{position}" for position in range(len(ids)))
            file.write(f"{','.join(names)}\n{','.join(ids)}\n")
        rows = {
            "pandas": pandas.read_csv(path).values.tolist(),
            "polars": polars.read_csv(path).rows(),
            "duckdb": duckdb.sql(f"select * from read_csv('{path}', header = true)").fetchall(),
        }
    for reader, read in rows.items():
        assert [list(row) for row in read] == [ids], reader


def main(ids_file, results, experiments, *others):
    with open(ids_file, encoding="utf-8") as file:
        expected = file.read().split()
    assert len(set(expected)) == len(expected) > 400, len(expected)
    check_each_alone(expected)
    for path in (results, experiments, *others):
        for read in (of_pandas, of_polars, of_duckdb):
            ids = read(path)
            assert sorted(map(repr, ids)) == sorted(map(repr, expected)), (path, read.__name__)
    for merge in (merged_by_pandas, merged_by_polars, merged_by_duckdb):
        rows = merge(results, experiments)
        assert rows == len(expected), (merge.__name__, rows)
    print("three readers agree on", len(expected), "ids")


main(*sys.argv[1:])
