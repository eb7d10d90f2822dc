"""A noisy circle in 50 dimensions, n = 1,000: whether its loop is in the layouts of t-SNE, and what the report says of it.

| column | meaning |
|---|---|
| score | detection score of one loop in the layout, under the Euclidean distance |
| word, agreement, hole | of the first loop of the data, as `embedding_report` has them |
| shuffled | the largest agreement after the rows of the layout were shuffled |
"""

import numpy as np

import spectral_ph as sph
from benchmarks import record, resume
from spectral_ph import embedding as E

SIGMAS = (0.25, 0.35)
RHOS = (1, 4)
SEEDS = (0, 1, 2)
AFFINITIES = {
    "perplexity 30": {"affinity": "perplexity"},
    "knn 15": {"affinity": "knn"},
    "eff_res 15": {"affinity": "eff_res"},
    "eff_res 50": {"affinity": "eff_res", "n_neighbors": 50},
    "diffusion 15": {"affinity": "diffusion"},
}
COLUMNS = ("score", "word", "agreement", "hole", "invented", "shuffled", "recall")


def score(Y):
    """Return the detection score of one loop in a layout."""
    return sph.detection_score(sph.persistence(Y, distance="euclidean")[1])


def found(X, Y, seed):
    """Return what is in a layout, by column."""
    report = E.embedding_report(X, Y)
    loop = report.loops[0] if report.loops else None
    shuffled = E.embedding_report(X, np.random.default_rng(seed).permutation(Y))
    return {
        "score": score(Y),
        "word": loop.word if loop else "no loop in the data",
        "agreement": loop.agreement if loop else 0.0,
        "hole": loop.hole if loop else 0.0,
        "invented": len(report.invented),
        "shuffled": max((x.agreement for x in shuffled.loops), default=0.0),
        "recall": report.recall,
    }


def bars(rows):
    """Return the bars, each over all seeds; rho = 1 unless it says otherwise."""

    def of(sigma, names, value):
        return [
            row[value] for row in rows if row["sigma"] == sigma and row["affinity"] in names and row["rho"] == RHOS[0]
        ]

    def least(sentence, sigma, names, value, bound):
        got = min(of(sigma, names, value), default=None)
        return resume.bar(sentence, None if got is None else f"least {got:.3f}", None if got is None else got >= bound)

    def most(sentence, sigma, names, value, bound):
        got = max(of(sigma, names, value), default=None)
        return resume.bar(sentence, None if got is None else f"most {got:.3f}", None if got is None else got <= bound)

    usual, ours = ("perplexity 30",), ("eff_res 15", "eff_res 50")
    words = of(0.25, usual + ours, "word")
    shuffled = max(row["shuffled"] for row in rows)
    return [
        least("sigma .35: score with eff_res at least .8", 0.35, ours, "score", 0.8),
        most("sigma .35: score with perplexity 30 at most .4", 0.35, usual, "score", 0.4),
        least("sigma .35: agreement with eff_res at least .85", 0.35, ours, "agreement", 0.85),
        most("sigma .35: agreement with perplexity 30 at most .6", 0.35, usual, "agreement", 0.6),
        resume.bar("shuffled rows: agreement at most .15", f"most {shuffled:.3f}", shuffled <= 0.15),
        resume.bar(
            "sigma .25: kept with eff_res and with perplexity 30",
            f"{words.count('kept')} of {len(words)} kept",
            all(word == "kept" for word in words) if words else None,
        ),
    ]


def mean_rows(rows):
    """Return a row for each setting, means over the seeds."""
    made = []
    for sigma in SIGMAS:
        for name in AFFINITIES:
            for rho in RHOS:
                some = [row for row in rows if (row["sigma"], row["affinity"], row["rho"]) == (sigma, name, rho)]
                if not some:
                    continue
                words = [row["word"] for row in some]
                means = {c: float(np.mean([row[c] for row in some])) for c in COLUMNS if c != "word"}
                made.append(
                    {"sigma": sigma, "affinity": name, "rho": rho, "seeds": len(some)}
                    | {"words": ", ".join(f"{words.count(w)} {w}" for w in dict.fromkeys(words))}
                    | means
                )
    return made


def run(given):
    """Measure, print and write."""
    n, seeds = (300, SEEDS[:1]) if given.quick else (1000, SEEDS)
    rows = resume.Rows(
        "embedding_circle", given.quick, lambda rows: {"bars": bars(rows), "means": mean_rows(rows), "points": n}
    )
    for seed in seeds:
        for sigma in SIGMAS[::-1]:
            X = sph.datasets.circle(n, ambient_dim=50, sigma=sigma, random_state=seed)
            for name, arguments in AFFINITIES.items():
                for rho in RHOS:
                    key = {"sigma": sigma, "seed": seed, "affinity": name, "rho": rho}
                    if not rows.has(**key):
                        rows.add(key | found(X, E.TSNE(rho=rho, **arguments).fit_transform(X), seed))
    rows.keep()
    table = mean_rows(rows.rows)
    record.table(table, list(table[0]))
    resume.show(bars(rows.rows))
