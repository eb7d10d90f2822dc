"""The notebooks run at a small size and tell the truth there too; what is kept of their outputs reads well."""

import ast
import re

import nbformat
import pytest

from notebooks import make

SMALL = 250


def printed(notebook):
    """Return what each code cell printed, by place, in one text."""
    return "\n".join(
        output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    )


def verdicts(notebook):
    """Return the verdicts in the order in which they were printed."""
    return re.findall(r"^(LOOP|NO LOOP|UNDECIDED)$", printed(notebook), flags=re.M)


def ran(name):
    (path,) = (path for path in make.NOTEBOOKS if path.name.startswith(name))
    notebook = make.run(path, SMALL)
    assert make.problems(notebook) == []
    return notebook


def test_first_loop_calls_the_circle_and_not_the_cloud():
    notebook = ran("01")
    assert verdicts(notebook) == ["LOOP", "NO LOOP"]
    assert f"{SMALL} points in 50 dimensions" in printed(notebook)


def test_noise_robustness_ranks_the_distances_and_calls_no_loop_where_none_is():
    text = printed(ran("02"))
    score = {name.strip(): float(value) for name, value in re.findall(r"^(\D+?) {2,}(\d\.\d\d) ", text, flags=re.M)}
    assert score["Euclidean"] + 0.2 < score["effective resistance, four steps"]
    assert score["effective resistance, one step"] + 0.05 < score["effective resistance, four steps"]
    found = dict(re.findall(r"^(\w.+?) {2,}(loop|no loop|undecided) {2,}[\d.e-]+$", text, flags=re.M))
    assert len(found) == 6
    assert found["circle, noise .25"] == "loop"
    assert [name for name, verdict in found.items() if verdict == "loop" and not name.startswith("circle")] == []


def test_embeddings_fill_keep_and_invent_a_loop_and_collapse_where_they_should():
    notebook = ran("04")
    text = printed(notebook)
    assert re.search(r"usual neighbours\nloop .*\ndata 0 +filled ", text)
    assert re.search(r"effective resistance\nloop .*\ndata 0 +kept ", text)
    recall = {
        name.strip(): float(value) for name, value in re.findall(r"^(\S.{14}) \w+ .* (0\.\d+)$", text, flags=re.M)
    }
    assert len(recall) == 5
    assert recall["t-SNE, rho = 1"] > recall["t-SNE, rho = 2"] > 0.15
    sizes = re.findall(r"^rho = \d\.\d+ rho_1: width (\S+), height (\S+)$", text, flags=re.M)
    (_, plane), (line, thin), (point, _) = [tuple(map(float, pair)) for pair in sizes]
    assert thin < 1e-4 < plane
    assert point < 1e-6 < line
    assert verdicts(notebook) == ["NO LOOP"]
    assert re.search(r"^layout 0 +invented ", text, flags=re.M)
    assert "a point alone lies where it lies in the batch: True" in text


def test_several_cell_types_divide_or_not_and_the_drug_is_found_where_it_acts():
    text = printed(ran("07"))
    assert "T cells, CD4+/CD8+: loop" in text
    assert re.search(r"^B cells: (no loop|undecided|not looked at)$", text, flags=re.M)
    assert "p = 0.1 for where they stand" in text
    there, of_all = map(
        int, re.search(r"most, (\d+)% stand where it holds cells back \(of all cells (\d+)%\)", text).groups()
    )
    assert there > 2 * of_all


def test_cell_cycle_finds_the_loop_its_genes_and_takes_it_out():
    notebook = ran("03")
    text = printed(notebook)
    assert verdicts(notebook) == ["LOOP", "NO LOOP"]
    assert "The phase goes up from S to G2/M" in text
    called, _ = map(int, re.search(r"(\d+) of (\d+) genes follow the loop", text).groups())
    right, of, wrong = map(int, re.search(r"among them: (\d+) of (\d+); false ones: (\d+)", text).groups())
    assert right + wrong == called
    assert right > of / 2
    assert wrong <= 0.1 * called
    assert "the phase goes with donor" not in text


@pytest.fixture(params=make.NOTEBOOKS, ids=lambda path: path.stem)
def kept(request):
    return nbformat.read(request.param, as_version=4)


def test_the_notebooks_are_seven():
    assert [path.name[:2] for path in make.NOTEBOOKS] == ["01", "02", "03", "04", "05", "06", "07"]


def test_notebooks_of_nets_are_left_alone_without_torch(monkeypatch, capsys):
    monkeypatch.setattr(make, "find_spec", lambda name: None)
    monkeypatch.setattr(make, "run", None)
    monkeypatch.setattr("sys.argv", ["make.py", "05", "06"])
    with pytest.raises(SystemExit) as ended:
        make.main()
    assert ended.value.code == 0
    assert capsys.readouterr().err.splitlines() == [
        f"{name} was left as it is: it needs torch (pip install 'spectral_ph[nn]')"
        for name in ("05_autoencoder.ipynb", "06_images.ipynb")
    ]


def test_what_is_kept_reads_well(kept):
    nbformat.validate(kept)
    assert make.problems(kept) == []
    assert set(kept.metadata) == {"kernelspec", "language_info"}
    assert [cell.metadata for cell in kept.cells] == [{}] * len(kept.cells)


def test_every_cell_shows_what_its_code_makes(kept):
    for cell in kept.cells:
        if cell.cell_type != "code":
            continue
        kinds = {output.output_type for output in cell.outputs}
        pictures = sum("image/png" in output.get("data", {}) for output in cell.outputs)
        last = ast.parse(cell.source).body[-1]
        shows = isinstance(last, ast.Expr) and not re.match(r"print\(|plt\.show\(\)", ast.unparse(last))
        settles = "plt.rcParams" in cell.source
        assert ("stream" in kinds) == ("print(" in cell.source), cell.source
        assert pictures == cell.source.count("plt.show()"), cell.source
        assert ("execute_result" in kinds) == (shows and not settles), cell.source


def test_the_verdicts_that_are_kept_are_those_that_the_text_tells():
    by_name = {path.name[:2]: nbformat.read(path, as_version=4) for path in make.NOTEBOOKS}
    assert verdicts(by_name["01"]) == ["LOOP", "NO LOOP"]
    assert verdicts(by_name["03"]) == ["LOOP", "NO LOOP"]
    assert re.search(r"^the phase goes with plate \(\d+% of the variance\)", printed(by_name["03"]), flags=re.M)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (nbformat.v4.new_output("stream", name="stderr", text="careful"), "cell 0 warned: careful"),
        (nbformat.v4.new_output("stream", text="in /home/me/x.py"), "cell 0 shows a path of the machine: '/home/m'"),
        (
            nbformat.v4.new_output("execute_result", {"text/html": "<b>/tmp/y</b>"}),
            "cell 0 shows a path of the machine: '/tmp/y'",
        ),
        (nbformat.v4.new_output("error", ename="E", evalue="why", traceback=[]), "cell 0 ended in E: why"),
        (nbformat.v4.new_output("stream", text="x" * make.LARGEST), None),
    ],
)
def test_outputs_that_read_badly_are_refused(output, sentence):
    cell = nbformat.v4.new_code_cell("f()", outputs=[output], execution_count=1)
    found = make.problems(nbformat.v4.new_notebook(cells=[cell]))
    assert len(found) == 1
    assert found == [sentence] if sentence else re.fullmatch(r"the file has \d+ bytes, more than 700000", found[0])


def test_a_cell_that_was_not_run_is_a_problem():
    assert make.problems(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])) == ["cell 0 was not run"]
