"""The wheel holds the package and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_wheel_holds_the_package_and_nothing_else(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"spectral_ph"}
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "spectral_ph").rglob("*.py")}
    packaged = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    data = {
        "spectral_ph/py.typed",
        "spectral_ph/verdict/null.json",
        "spectral_ph/report/style.css",
        "spectral_ph/datasets/public.toml",
    }
    assert packaged == modules | data
