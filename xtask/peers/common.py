"""What all peers share: the clock around the work, and the one line that each prints (standard library only)."""
import json
import os
import resource
import sys
import time


def arguments():
    """How many experiments, an empty folder of the peer's own, and what else the peer takes."""
    return int(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]


def seconds(work):
    """What `work` takes, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def peak_mib():
    """The most memory that this process or one that it has started and waited for has had so far."""
    used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(used) / 1024


def report(version, experiments, run, peak, table, folder):
    """Prints the line: seconds of the run, the most memory up to its end (or None), seconds from there to a table with a
    row per experiment (or None)."""
    files = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    print(json.dumps({
        "version": version,
        "experiments": experiments,
        "run_seconds": run,
        "table_seconds": table,
        "peak_mib": peak,
        "files": len(files),
        "bytes": sum(os.path.getsize(file) for file in files),
    }))
