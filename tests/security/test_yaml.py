"""Hostile definitions: aliases of aliases, brackets without end, tags of Python. One clear error each; nothing runs."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from stepwell.cli import app


def _laughs(depth: int) -> str:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, depth + 1)]
    return "\n".join(["id: mine", "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]", *levels]) + "\n"


FILES = {
    "aliases nine deep": _laughs(9),
    "five hundred brackets": "id: " + "[" * 500 + "]" * 500 + "\n",
    "a hundred thousand brackets": "id: " + "[" * 100_000 + "\n",
    "a hundred thousand fields": "id: " + "{a: " * 100_000 + "\n",
    "a list of lists in lines": "id:\n" + "- " * 5_000 + "x\n",
    "fields in lines": "".join(f"{' ' * n}a{n}:\n" for n in range(500)),
    "a list as id": "id: [nope]\n",
    "a mapping as id": "id: {a: b}\n",
    "a tag": 'id: !!python/object/apply:os.system ["touch SPOILT"]\n',
    "a name": "id: !!python/name:os.system\n",
    "an alias of itself": "id: mine\nwho: &w {who: *w}\n",
}


@pytest.mark.parametrize("what", FILES)
def test_a_hostile_definition_is_one_clear_error(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(FILES[what], "utf-8")
    done = CliRunner().invoke(app, ["definition", "check", "mine.yaml"])
    assert done.exit_code == 10, (done.exit_code, done.output[:2_000])
    assert "mine.yaml" in done.output
    assert "Traceback" not in done.output
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]
