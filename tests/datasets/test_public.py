"""Public sets are loaded from a server on this machine: the right file, a wrong one, a cut one, one that is not there."""

import hashlib
import http.server
import re
import threading

import pytest

import spectral_ph as sph
from spectral_ph.datasets import public

pytest.importorskip("pooch")
CONTENT = b"a,b\n1,2\n" * 400
SUM = hashlib.sha256(CONTENT).hexdigest()


class Answers(http.server.BaseHTTPRequestHandler):
    """Gives /right, a changed /wrong, a /cut file that ends before its length, and 404 for everything else."""

    asked = []  # noqa: RUF012  of the one server of a test

    def answer(self, with_body):
        self.asked.append((self.command, self.path))
        if self.path not in ("/right", "/wrong", "/cut"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if with_body:
            self.wfile.write({"/right": CONTENT, "/wrong": CONTENT[::-1], "/cut": CONTENT[:100]}[self.path])

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    Answers.asked.clear()
    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def offer(monkeypatch, tmp_path, address):
    """Return a function that puts one set into the registry, with a cache of its own."""
    monkeypatch.setenv(public.FOLDER, str(tmp_path / "cache"))

    def put(path, sha256=SUM, where=address):
        entry = public.PublicSet("mine", "My points", where + path, "mine.csv", sha256, 0, "CC0", "Me, 2026", "never")
        monkeypatch.setattr(public, "available", lambda: {"mine": entry})
        return entry

    return put


def test_the_right_file_is_loaded_once(offer, capsys):
    offer("/right")
    file = public.fetch("mine", progress=False)
    assert file.read_bytes() == CONTENT
    assert capsys.readouterr().out == "My points. Licence: CC0. Please cite: Me, 2026.\n"
    assert public.fetch("mine", progress=False, quiet=True) == file
    assert capsys.readouterr().out == ""
    assert Answers.asked == [("GET", "/right")]
    file.write_bytes(b"changed")
    assert public.fetch("mine", progress=False).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/wrong", "what {url} gives is not the file whose sum is known: it was cut or changed, and was not kept. Try again later"),
        ("/cut", "(what {url} gives is not the file|'mine' could not be loaded into|{url} could not be reached)"),
        ("/missing", "{url} answered 404, so 'mine' could not be loaded. Try again later"),
    ],
)  # fmt: skip
def test_what_is_not_the_file_is_refused_and_not_kept(offer, tmp_path, path, sentence):
    entry = offer(path)
    with pytest.raises(sph.InputError, match=sentence.format(url=re.escape(entry.url))):
        public.fetch("mine", progress=False)
    assert [entry for entry in (tmp_path / "cache").rglob("*") if entry.is_file()] == []


def test_without_a_network_there_is_a_sentence(offer):
    entry = offer("/right", where="http://127.0.0.1:1")
    with pytest.raises(
        sph.InputError, match=f"^{re.escape(entry.url)} could not be reached, so 'mine' could not be loaded"
    ):
        public.fetch("mine", progress=False)
    assert public.reached(entry) == "not reached (ConnectionError)"


def test_an_address_is_tried_without_its_file(offer):
    assert public.reached(offer("/right")) == f"there, {len(CONTENT) / 1e6:.1f} MB"
    assert public.reached(offer("/missing")) == "answered 404"
    assert {method for method, _ in Answers.asked} == {"HEAD"}


def test_a_set_without_a_sum_is_taken_only_when_asked_for(offer):
    entry = offer("/right", sha256="")
    with pytest.raises(
        sph.InputError, match=f"the sum of 'mine' is not known yet, so what {re.escape(entry.url)} gives cannot"
    ):
        public.fetch("mine")
    with pytest.warns(sph.SpectralWarning, match=SUM):
        assert public.fetch("mine", progress=False, unchecked=True).read_bytes() == CONTENT


def test_the_registry_says_everything_of_every_set():
    for entry in public.available().values():
        assert entry.url.startswith("https://")
        assert entry.sha256 == "" or re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert all((entry.title, entry.file, entry.licence, entry.citation, entry.tried))


def test_the_command_lists_loads_and_tries(offer, monkeypatch, capsys):
    from click.testing import CliRunner

    from spectral_ph.cli import app

    offer("/right")
    said = CliRunner().invoke(app, ["fetch"], catch_exceptions=False).output
    assert said == "mine: My points. CC0. Me, 2026. address tried: never.\n"
    said = CliRunner().invoke(app, ["fetch", "mine"], catch_exceptions=False).stdout
    assert said.splitlines()[-1].endswith("mine.csv")
    said = CliRunner().invoke(app, ["fetch", "--check"], catch_exceptions=False).output
    assert said == "mine: My points. CC0. Me, 2026. there, 0.0 MB.\n"
