"""Prints a to the power of b."""

import argparse

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--a", type=float, required=True)
parser.add_argument("--b", type=float, required=True)
arguments = parser.parse_args()
print(arguments.a**arguments.b)
