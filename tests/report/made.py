"""Results that are made up, all that a report can hold, and a page taken apart."""

from html.parser import HTMLParser

import numpy as np

from spectral_ph.cells.about import AboutLoop
from spectral_ph.cells.anchor import Anchor
from spectral_ph.cells.confounders import Association
from spectral_ph.cells.genes import BINS, PeriodicGenes
from spectral_ph.homology.diagram import Persistence
from spectral_ph.loops.result import Half, Loop, LoopResult
from spectral_ph.report import markup

HOSTILE = "<script>alert('x')</script>\"' & $\\frac{ \x00\u202e\n%#"


def loop(phase, **changes):
    n = len(phase)
    rng = np.random.default_rng(1)
    halves = []
    for _ in range(2):
        order = rng.permutation(n)
        halves += [
            Half(np.sort(points), np.mod(phase + rng.normal(0, 0.2, n), 2 * np.pi), 0.9)
            for points in (order[: n // 2], order[n // 2 :])
        ]
    values = {
        "birth": 0.25,
        "death": 1.75,
        "persistence": 1.5,
        "score": 0.875,
        "cycle": np.argsort(phase)[:: max(1, n // 20)],
        "phase": phase,
        "domain": np.arange(n) < n - 2,
        "scale": 1.5,
        "distance": np.linspace(0, 0.5, n),
        "verdict": "loop",
        "reason": "Halves agree.",
        "p_value": 0.004,
        "agreement": 0.93,
        "halves": tuple(halves),
    }
    return Loop(**(values | changes))


def result(n=120, verdict="loop", warnings=("A warning.",), **changes):
    """A result that is made up, with the layout of its points; two points are outside the loop's domain."""
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, n)
    loops = [loop(phase, verdict=verdict, **changes), loop(phase, verdict="no loop", p_value=0.5, persistence=0.125)]
    H0 = np.column_stack([np.zeros(n), np.append(np.inf, np.linspace(0.2, 0.1, n - 1))])
    P = Persistence([H0, np.array([[0.25, 1.75], [0.5, 0.625]])], n, "h1", {"distance": "eff_res"}, warnings)
    tried = tuple({"n_neighbors": k, "agreement": a, "chosen": k == 15} for k, a in ((15, 0.93), (30, 0.71)))
    layout = np.column_stack([np.cos(phase), np.sin(phase)])
    made = {"distance": "eff_res", "n_neighbors": 15, "random_state": 7, "threshold": None}
    return LoopResult(
        verdict, "Halves agree.", 0.004, 0.93, loops, P, made, warnings, tried
    ), layout  # fmt: skip


NOTHING = LoopResult(
    "no loop", "Nothing goes round.", None, None, [], Persistence([np.array([[0.0, 1.0]]), np.empty((0, 2))], 2, "h1")
)


def about(n_genes=4, name=str, following=True):
    """What is known about the loop beside its shape, made up; `name` makes text from text."""
    rng = np.random.default_rng(2)
    p_value = np.arange(1, n_genes + 1) * (1e-9 if following else 0.4 / n_genes)
    genes = PeriodicGenes(
        names=tuple(name(f"GENE{k}") for k in range(n_genes)),
        p_value=p_value,
        q_value=2 * p_value,
        amplitude=0.5 + np.arange(n_genes),
        r_squared=np.full(n_genes, 0.5),
        r_squared_held_out=np.full(n_genes, 0.375),
        peak=np.mod(1.0 + np.arange(n_genes) / 10, 2 * np.pi),
        mean=np.ones(n_genes),
        n_cells=np.full(n_genes, 99),
        tests=4,
        combine="median",
        n_harmonics=2,
    )
    m = n_genes if following else 0
    middles = (np.arange(BINS) + 0.5) * 2 * np.pi / BINS
    anchor = Anchor(True, name("zero is at division."), 1, 0.5, 20, 19, 1.25, 4.5, 0.5, 0.25, 1e-9, 1e-8)
    batch = Association(name("batch"), "categorical", 0.125, np.nan, 0.25, np.nan, 120)
    return AboutLoop(0, anchor, genes, np.arange(m), rng.uniform(size=(m, BINS)), middles, (batch,))


def everything(n=120, name=str):
    """All that a report can hold; `name` makes text from text."""
    rng = np.random.default_rng(2)
    return {
        "things": "cells",
        "labels": {
            name("stage"): np.array([name(s) for s in rng.choice(["G1", "S", "G2M"], n)], dtype=object),
            name("depth"): np.append(rng.normal(5000, 300, n - 1), np.nan),
        },
        "about": about(name=name),
        "input_facts": {"source": name("cells.h5ad"), "sha256": "ab" * 32, "shape": [n, 30]},
        "preparation": [name("Took log(1 + x).")],
        "more_warnings": [name("Another warning.")],
        "made_by": {"command": "loops", "seed": 7, "versions": {"spectral_ph": "0.1"}},
    }


class Page(HTMLParser):
    """The elements of a page in order, the text of each cell, and whether tags close in order."""

    VOID = frozenset({"meta", "link", "img", "br"})

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append((self.open[-1], self.open[-2:-1], data))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def words(self):
        return " ".join(data for _, _, data in self.texts)


def leaves(value):
    if isinstance(value, dict):
        yield from map(str, value)
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, (list, tuple, np.ndarray)):
        yield markup.shown(value)
        for part in value:
            yield from leaves(part)
    else:
        yield markup.shown(value)
