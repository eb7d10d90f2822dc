"""The scores of one setting against the noise, from the records of `quality`.

    found = of_plan("paper", sweep.Records(folder))      # {(case, label, ambient_dim, outliers, n, shared_seed, maxdim): Series}

Area under the curve (AUC) is the mean over the noise grid of the mean over seeds; it is given only where the whole grid of
a plan is recorded. The spread is the range of the AUC over the seeds.
"""

from collections import defaultdict

import numpy as np

from benchmarks import quality


class Series:
    """One setting on one shape: what the records say for every sigma and seed, of those that the plan has."""

    def __init__(self, label, task):
        self.label, self.task = label, task
        self.wanted, self.held, self.failed = 0, defaultdict(dict), 0

    def add(self, task, held):
        self.wanted += 1
        if held is None:
            return
        if held["error"] is not None:
            self.failed += 1
            return
        self.held[task["sigma"]][task["seed"]] = held

    @property
    def sigmas(self):
        return sorted(self.held)

    @property
    def missing(self):
        return self.wanted - self.failed - sum(map(len, self.held.values()))

    @property
    def degree(self):
        return "h2" if self.task["maxdim"] == 2 else "h1"

    def values(self, what):
        """Return {sigma: {seed: value}}."""

        def read(held):
            if what == "seconds":
                return held["seconds"]
            return held["result"].get("planted") if what == "planted" else held["result"][self.degree][what]

        return {s: {seed: read(h) for seed, h in self.held[s].items()} for s in self.sigmas}

    def curve(self, what="score"):
        """Return the means over the seeds, (sigmas,), and the smallest and largest."""
        v = [[float(x) for x in by_seed.values() if x is not None] for by_seed in self.values(what).values()]
        return tuple(np.array([f(x) if x else np.nan for x in v]) for f in (np.mean, np.min, np.max))

    def auc(self, what="score"):
        """Return the area under the curve and its range over the seeds, or (None, None) where it is not complete."""
        if self.missing or self.failed or not self.held:
            return None, None
        v = self.values(what)
        if any(x is None for by_seed in v.values() for x in by_seed.values()):
            return None, None
        by_seed = [np.mean([v[s][seed] for s in v]) for seed in next(iter(v.values()))]
        return float(np.mean(by_seed)), float(np.ptp(by_seed))


def of_plan(name, records):
    """Return the series of a plan, by (case, label, ambient_dim, outliers, n, shared_seed, maxdim)."""
    found = {}
    for label, task in quality.plan(name)[0]:
        where = (
            task["case"], label, task["ambient_dim"], task["outliers"], task["n"], task["shared_seed"], task["maxdim"],
        )  # fmt: skip
        found.setdefault(where, Series(label, task)).add(task, records.get(task))
    return {where: s for where, s in found.items() if s.held or s.failed}


def family(label):
    return label.split()[0]


def kind(label):
    """Return the distance, with what of ours it has beyond the paper's: that is no setting of the paper's curve."""
    return " ".join([family(label), *(x for x in ("steps", "passes") if f"{x}=" in label)])
