"""One measurement in a process of its own: its seconds, its peak memory, and a limit on how long it may take.

    def task(n):                      # importable; imports, makes the data, warms up
        X = points(n)
        return lambda: compute(X), lambda result: {"features": len(result)}

    run(task, 1000, limit=60)         # {"seconds": [0.31], "peak_gib": 0.4, "features": 23} or {"failed": "> 60 s"}

A task takes JSON values. It returns the call that is timed and what tells of its result, as a dict of JSON values.
The peak is that of the process from its start, imports and data included.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path


def run(task, *arguments, limit, grace=0.0, repeats=1):
    """Run a task in a process of its own and return what it told, with "seconds" (of every run) and "peak_gib".

    limit : seconds after which the process is ended. grace : seconds beside it for what comes before the clock starts.
    repeats : how often the call is timed; no further time once a third of the limit is spent on it.

    Where the process ran past the limit or failed, there is only "failed", a sentence.
    """
    command = [sys.executable, "-m", "benchmarks.isolated", address(task), json.dumps([limit, repeats, *arguments])]
    path = os.pathsep.join(folder for folder in sys.path if folder)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit + grace,
            check=False,
            env=os.environ | {"PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"> {limit:g} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"failed": lines[-1] if lines else f"ended by signal {-done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])  # programs may print before that


def address(task):
    """Return "module:function" of a task, also of one in the script that runs."""
    module = task.__module__
    if module == "__main__":
        module = sys.modules["__main__"].__spec__.name
    return f"{module}:{task.__name__}"


def peak_gib():
    """Return the most memory this process has held so far."""
    # Of a process that another one started, Linux's ru_maxrss is at least what the other one held; VmHWM is its own.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**20
    per_gib = 2**30 if sys.platform == "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_gib


def main():
    name, given = sys.argv[1:]
    limit, repeats, *arguments = json.loads(given)
    module, function = name.split(":")
    call, tell = getattr(importlib.import_module(module), function)(*arguments)
    seconds = []
    while not seconds or (len(seconds) < repeats and sum(seconds) < limit / 3):
        result = None  # two results would not be held at once by a user
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    peak = peak_gib()
    print(json.dumps({"seconds": seconds, "peak_gib": peak, **tell(result)}))


if __name__ == "__main__":
    main()
