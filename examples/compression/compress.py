"""Compresses a text once and prints size, ratio and seconds as one line of JSON."""

import argparse
import bz2
import json
import lzma
import sys
import sysconfig
import time
import zlib
from pathlib import Path

CODECS = {
    "zlib": lambda data, level: zlib.compress(data, level),
    "bz2": lambda data, level: bz2.compress(data, level),
    "lzma": lambda data, level: lzma.compress(data, preset=level),
}

# Sources of Python's standard library: on one machine the same text in every experiment.
MODULES = ("argparse", "inspect")


def text_of_modules():
    folder = Path(sysconfig.get_path("stdlib"))
    return b"".join((folder / f"{name}.py").read_bytes() for name in MODULES)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codec", choices=CODECS, required=True)
    parser.add_argument("--level", type=int, required=True)
    parser.add_argument("--text", type=Path, help="default: sources of Python's standard library")
    arguments = parser.parse_args()
    try:
        data = arguments.text.read_bytes() if arguments.text else text_of_modules()
    except OSError as error:
        sys.exit(f"cannot read the text: {error}; name another one with --text FILE")

    begin = time.process_time()
    compressed = CODECS[arguments.codec](data, arguments.level)
    seconds = time.process_time() - begin
    ratio = len(data) / len(compressed)
    print(
        json.dumps(
            {
                "size": len(compressed),
                "ratio": round(ratio, 3),
                "seconds": round(seconds, 5),
            }
        )
    )


if __name__ == "__main__":
    main()
