"""A bowl with ripples; its lowest point is near x = 1.3, y = -0.7."""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, required=True)
parser.add_argument("--y", type=float, required=True)
point = parser.parse_args()

bowl = (point.x - 1.3) ** 2 + (point.y + 0.7) ** 2
print(bowl + 0.05 * (1 - math.cos(4 * (point.x - 1.3))))
