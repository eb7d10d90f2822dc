"""The rows of a benchmark that takes long: written after each, and not measured again where they are there.

A run that was cut off goes on where it ended. Rows that were measured with another spectral_ph are dropped, and to measure all of
them anew, delete the file.
"""

import json
import subprocess

from benchmarks import record


def same_package(commit):
    """Return whether spectral_ph is as it was at a commit."""
    if "+" in commit:
        return False
    asked = ["git", "diff", "--quiet", commit, "--", "spectral_ph"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


class Rows:
    """The rows of `name`, of this spectral_ph, in results/; with `quick` they are kept nowhere.

    about : what the record says beside the rows, a dict, or a function of the rows that returns one.
    """

    def __init__(self, name, quick=False, about=None):
        self.name, self.quick, self.about, self.rows = name, quick, about, []
        path = record.RESULTS / f"{name}.json"
        if path.exists() and not quick:
            held = json.loads(path.read_text())
            self.rows = held["rows"] if same_package(held["commit"]) else []

    def has(self, **key):
        """Return whether there is a row with these values."""
        return any(all(row.get(name) == value for name, value in key.items()) for row in self.rows)

    def add(self, row):
        """Print a row and keep it."""
        print(row, flush=True)
        self.rows.append(row)
        self.keep()

    def keep(self):
        """Write all rows and what the record says beside them."""
        if self.quick:
            return
        about = self.about(self.rows) if callable(self.about) else self.about or {}
        record.write(self.name, self.rows, **about)


def bar(sentence, measured, met):
    """Return what a benchmark is held to, what was measured, and whether that is enough.

    met : a bool; None: these rows do not decide it; or what else there is to say, such as "no bar".
    """
    return {
        "bar": sentence,
        "measured": measured,
        "met": {True: "yes", False: "no", None: "not measured"}.get(met, met),
    }


def show(bars):
    """Print bars as a table."""
    record.table(bars, ["bar", "measured", "met"])
