"""Hydra, multirun with its basic launcher: one process, one job after another, a folder per job."""
import glob
import json
import os
import subprocess
import sys
from importlib.metadata import version

from common import arguments, peak_mib, report, seconds


def main():
    experiments, folder, _ = arguments()
    app = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hydra_app.py")
    command = [sys.executable, app, "--multirun", f"x=range(0,{experiments})", f"hydra.sweep.dir={folder}",
               "hydra.hydra_logging.root.level=WARNING"]
    run, _ = seconds(lambda: subprocess.run(command, check=True, capture_output=True, cwd=folder))
    peak = peak_mib()
    load, rows = seconds(lambda: [json.load(open(file)) for file in glob.glob(f"{folder}/*/result.json")])
    assert len(rows) == experiments
    report(version("hydra-core"), experiments, run, peak, load, folder)


if __name__ == "__main__":
    main()
