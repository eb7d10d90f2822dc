import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder, so that messages hold short paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
