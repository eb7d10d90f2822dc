"""Records of the sweep that nobody computed."""

from benchmarks import quality, sweep


def write_records(folder, result, plans, skip=()):
    """Write the records of whole plans into a folder and return it.

    result(label, task) gives the result of a case; skip : (label, sigma, seed) that are left out.
    """
    folder.mkdir(exist_ok=True)
    seen = set()
    with (folder / "made.jsonl").open("w") as file:
        for name in plans:
            for label, task in quality.plan(name)[0]:
                key = sweep.key(task)
                if key in seen or (label, task["sigma"], task["seed"]) in skip:
                    continue
                seen.add(key)
                record = {"key": key, "task": task, "result": result(label, task), "error": None, "seconds": 0.5}
                file.write(sweep.to_line(record))
    return folder
