"""What the README tells a reader to type does what it says."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import claims_of
from test_nli import bert

from annotate.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EDITOR = """
import json, sys
from pathlib import Path

path = Path(sys.argv[1])
lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
for line in lines[:10]:
    line["stance"] = "neutral" if line["stance"] == "against" else "against"
path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\\n" for line in lines), encoding="utf-8")
"""
"""Corrects ten stances, as a person does in an editor."""


def block(containing: str) -> str:
    (found,) = (text for text in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) if containing in text)
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with what the README's reader has: the sample, a model of one's own, an editor."""
    (tmp_path / "corpus").symlink_to(ROOT / "corpus", target_is_directory=True)
    bert(tmp_path / "my-models" / "nli")
    (tmp_path / "editor.py").write_text(EDITOR, encoding="utf-8")
    return tmp_path


def run(command: str, desk: Path) -> str:
    """What one line prints, with `annotate` being the one under test and no network."""
    annotate = f'annotate() {{ {shlex.quote(sys.executable)} -W ignore -m annotate "$@"; }}'
    editor = f"{sys.executable} {desk / 'editor.py'}"
    environment = {**os.environ, "EDITOR": editor, "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
    done = subprocess.run(
        ["bash", "-c", f"{annotate}\n{command}"], capture_output=True, text=True, cwd=desk, env=environment, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the block is for a shell")
def test_the_round_of_corrections(desk: Path) -> None:
    said = {}
    for line in block("--bump patch").splitlines():
        said[" ".join(line.split()[:2])] = run(line, desk)
        if line.startswith("$EDITOR"):
            edited = [claim.stance for claim in claims_of(desk / "my-corpus")][:10]
    assert "0 problems, 10 hand edits" in said["annotate check"]
    assert "10 decisions on 10 claims (10 stance)" in said["annotate adopt"]
    assert "disagrees" in said["annotate relabel"]
    assert re.search(r"claims with another stance: 10 by ana, \d+ by models", said["annotate diff"])
    claims = claims_of(desk / "my-corpus")
    assert [claim.stance for claim in claims[:10]] == edited
    assert {claim.annotator for claim in claims[:10]} == {"ana"}
    assert {claim.prediction.stance_model.partition("@")[0] for claim in claims} != {"stance-minilm"}
    versions = sorted(path.name for path in (desk / "my-corpus" / "releases").iterdir())
    assert versions == ["1.0.0", "1.0.1"]
    manifest = json.loads((desk / "my-corpus" / "releases" / "1.0.1" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == "1.0.1"


def test_the_python_example_runs() -> None:
    (code,) = (text for text in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "import annotate" in text)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ro-vannak" in done.stdout


def test_every_command_is_in_the_readme_and_has_an_example() -> None:
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    assert len(names) > 10
    for command in app.registered_commands:
        name = command.name or command.callback.__name__  # type: ignore[union-attr]
        assert f"annotate {name}" in README, name
        assert "Example: annotate" in (command.callback.__doc__ or ""), name
