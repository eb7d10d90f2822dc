"""The help of every command shows its options in groups; the script is installed."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

import spectral_ph as sph
from spectral_ph import cli


def test_help_of_every_command(run):
    assert run()[:2] == run("--help")[:2]
    for command in ([], ["demo"], ["embed"], ["loops"], ["persistence"]):
        code, said, _ = run(*command, "--help")
        assert code == 0
        assert re.search(r"Usage: spectral-ph", said)
        if command:
            for option in ("--seed", "--threads", "--json"):
                assert option in said


def test_help_shows_options_in_groups(run):
    """A reader finds an option under what it is about, and none is lost."""
    _, said, _ = run("loops", "--help")
    headings = re.findall(r"^(\w[\w ]*):$", said, flags=re.MULTILINE)
    assert headings == ["Input", "Distance and graph", "Loops", "Homology", "Output", "Report", "Running"]
    for option in cli.app.commands["loops"].params:
        for name in option.opts if option.param_type_name == "option" else ():
            assert re.search(rf"^  .*{name}\b", said, flags=re.MULTILINE), name


def test_the_installed_script_runs():
    script = Path(sysconfig.get_path("scripts")) / "spectral-ph"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"spectral-ph, version {sph.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", *(pytest.param(name, marks=pytest.mark.slow) for name in ("zsh", "fish"))])
def test_the_shell_completes_as_the_docs_say(shell):
    """What docs/start/install.md names is what the script answers to."""
    root = Path(__file__).parents[2]
    asked = {"_SPECTRAL_PH_COMPLETE": f"{shell}_source"}
    assert f"_SPECTRAL_PH_COMPLETE={shell}_source" in (said := (root / "docs/start/install.md").read_text()) or (
        shell == "zsh" and "`zsh_source`" in said
    )
    script = Path(sysconfig.get_path("scripts")) / "spectral-ph"
    done = subprocess.run([script], env={**os.environ, **asked}, capture_output=True, text=True)
    assert "spectral_ph_completion" in done.stdout
    if shell == "bash":
        words = {"COMP_WORDS": "spectral-ph loops --conf", "COMP_CWORD": "2", "_SPECTRAL_PH_COMPLETE": "bash_complete"}
        done = subprocess.run([script], env={**os.environ, **words}, capture_output=True, text=True)
        assert done.stdout == "plain,--confounder\n"
