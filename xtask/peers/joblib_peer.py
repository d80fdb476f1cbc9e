"""joblib: worker processes that are used again, and given calls in batches as joblib sees fit; each call appends its number to its process's file."""
import glob
import json
import os

import joblib

from common import arguments, peak_mib, report, seconds


def job(x, folder):
    with open(os.path.join(folder, f"{os.getpid()}.jsonl"), "a") as file:
        file.write(json.dumps({"x": x, "value": 2 * x}) + "\n")


def table(folder):
    return [json.loads(line) for file in glob.glob(f"{folder}/*.jsonl") for line in open(file)]


def main():
    experiments, folder, _ = arguments()
    jobs = (joblib.delayed(job)(x, folder) for x in range(experiments))
    run, _ = seconds(lambda: joblib.Parallel(n_jobs=2)(jobs))
    peak = peak_mib()
    load, rows = seconds(lambda: table(folder))
    assert len(rows) == experiments
    report(joblib.__version__, experiments, run, peak, load, folder)


if __name__ == "__main__":
    main()
