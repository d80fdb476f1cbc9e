"""Compresses a text once and prints what came of it as one line of JSON."""

import argparse
import bz2
import json
import lzma
import time
import zlib
from pathlib import Path

CODECS = {
    "zlib": lambda data, level: zlib.compress(data, level),
    "bz2": lambda data, level: bz2.compress(data, level),
    "lzma": lambda data, level: lzma.compress(data, preset=level),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codec", choices=CODECS, required=True)
    parser.add_argument("--level", type=int, required=True)
    parser.add_argument("--text", type=Path, default=Path(__file__).with_name("licenses.txt"))
    arguments = parser.parse_args()

    data = arguments.text.read_bytes()
    begin = time.perf_counter()
    compressed = CODECS[arguments.codec](data, arguments.level)
    seconds = time.perf_counter() - begin
    print(
        json.dumps(
            {
                "size": len(compressed),
                "ratio": round(len(data) / len(compressed), 3),
                "seconds": round(seconds, 5),
            }
        )
    )


if __name__ == "__main__":
    main()
