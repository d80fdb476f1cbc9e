"""batchflow.research: two workers, a process per experiment, results on disk."""
import os
from importlib.metadata import version

from batchflow.research import EC, Experiment, Option, Research

from common import arguments, peak_mib, report, seconds


def double(x):
    return 2 * x


def main():
    experiments, folder, _ = arguments()
    experiment = Experiment().add_callable("double", double, x=EC("x"), save_to="value")
    research = Research(name=os.path.join(folder, "peer"), domain=Option("x", list(range(experiments))),
                        experiment=experiment)
    run, _ = seconds(lambda: research.run(workers=2, bar=False, n_iters=1))
    peak = peak_mib()
    load, rows = seconds(lambda: Research.load(os.path.join(folder, "peer")).results.df)
    assert len(rows) == experiments
    report(version("batchflow"), experiments, run, peak, load, folder)


if __name__ == "__main__":
    main()
