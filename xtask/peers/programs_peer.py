"""Starting a program per experiment, two at a time: xargs, GNU parallel, HyperQueue, and research, whose program is
the third argument. What each keeps of an experiment stands in docs/benchmarks.md."""
import os
import subprocess
from importlib.metadata import version

from common import arguments, report, seconds

PROGRAM = "/bin/true"


def first_line(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]


def lines(experiments):
    return "".join(f"{x}\n" for x in range(experiments))


def xargs(experiments, folder):
    subprocess.run(["xargs", "-P2", "-n1", PROGRAM], input=lines(experiments), text=True, check=True)


def parallel(experiments, folder):
    command = ["parallel", "--will-cite", "-j2", "--joblog", f"{folder}/joblog", PROGRAM]
    subprocess.run(command, input=lines(experiments), text=True, check=True, stderr=subprocess.DEVNULL)


def hyperqueue(experiments, folder):
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig

    with LocalCluster(worker_config=WorkerConfig(cores=2)) as cluster:
        client = cluster.client()
        job = Job(default_workdir=folder)
        for x in range(experiments):
            job.program([PROGRAM, str(x)])
        client.wait_for_jobs([client.submit(job)])


def research(program):
    def run(experiments, folder):
        with open(f"{folder}/research.toml", "w") as file:
            file.write(f"""name = "peer"
workers = 2

[domain]
x = {list(range(experiments))}

[[unit]]
name = "program"
run = ["{PROGRAM}", "{{x}}"]
output = "text"
save_to = "value"
""")
        subprocess.run([program, "run", "research.toml", "--no-bar"], check=True, cwd=folder, capture_output=True)

    return run


def research_table(program, folder):
    command = [program, "results", "peer", "--format", "csv"]
    return subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True).stdout.splitlines()[1:]


def main():
    experiments, folder, (kind, *rest) = arguments()
    contestants = {
        "xargs": (xargs, lambda: first_line("xargs", "--version")),
        "parallel": (parallel, lambda: first_line("parallel", "--version")),
        "hyperqueue": (hyperqueue, lambda: version("hyperqueue")),
    }
    if kind == "research":
        contestants["research"] = (research(*rest), lambda: " ".join(first_line(*rest, "--version").split()[:2]))
    run, name = contestants[kind]
    taken, _ = seconds(lambda: run(experiments, folder))
    load = None
    if kind == "research":
        load, rows = seconds(lambda: research_table(*rest, folder))
        assert len(rows) == experiments
    # What this script itself takes would be told for memory: a process counts what it was before it became another program.
    report(name(), experiments, taken, None, load, folder)


if __name__ == "__main__":
    main()
