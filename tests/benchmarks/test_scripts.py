"""Every script can be started, and says its options."""

import importlib
import sys
from pathlib import Path

import pytest

import benchmarks

SCRIPTS = sorted(
    path.stem for path in Path(benchmarks.__file__).parent.glob("*.py") if "argparse.ArgumentParser" in path.read_text()
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_gives_its_help(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main()
    assert ended.value.code == 0
    assert f"python -m benchmarks.{name}" in capsys.readouterr().out
