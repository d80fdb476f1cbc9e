"""Fits the distance that a car needs to stop to its speed, and prints a line for each epoch.

The data are M. Ezekiel's measurements of 1930, speeds in miles per hour and distances in feet.
"""

import argparse
import itertools
import json
import random

SPEEDS = [
    4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15,
    15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24,
    24, 25,
]  # fmt: skip
DISTANCES = [
    2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20,
    26, 54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92,
    93, 120, 85,
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, required=True, help="the learning rate")
    parser.add_argument("--momentum", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0, help="the order of the data depends on it")
    arguments = parser.parse_args()

    random.seed(arguments.seed)
    # Scaled so that both are close to 1.
    data = [(speed / 10, distance / 50) for speed, distance in zip(SPEEDS, DISTANCES)]
    slope = offset = slope_step = offset_step = 0.0
    for epoch in itertools.count():
        random.shuffle(data)
        for x, y in data:
            error = slope * x + offset - y
            slope_step = arguments.momentum * slope_step - arguments.rate * error * x
            offset_step = arguments.momentum * offset_step - arguments.rate * error
            slope += slope_step
            offset += offset_step
        loss = sum((slope * x + offset - y) ** 2 for x, y in data) / len(data)
        # Flushed, because the executor waits for each line.
        print(json.dumps({"loss": round(loss, 6), "slope": round(slope * 5, 4)}), flush=True)


if __name__ == "__main__":
    main()
