"""The rows of a benchmark that takes long: written after each, and not measured again where they are there.

A run that was cut off goes on where it ended. Rows of another commit are dropped, so to start anew, delete the file.
"""

import json

from benchmarks import record


class Rows:
    """The rows of `name`, of this commit, in results/; with `quick` they are kept nowhere.

    about : what the record says beside the rows, a dict, or a function of the rows that returns one.
    """

    def __init__(self, name, quick=False, about=None):
        self.name, self.quick, self.about, self.rows = name, quick, about, []
        path = record.RESULTS / f"{name}.json"
        if path.exists() and not quick:
            held = json.loads(path.read_text())
            self.rows = held["rows"] if held["commit"] == record.commit() else []

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
