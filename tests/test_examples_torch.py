"""Every script in examples/torch/ runs, and shows what it is there to show."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("skorch")

EXAMPLES = Path(__file__).parents[1] / "examples" / "torch"

#: What each script must print.
SHOWN: dict[str, list[str]] = {
    "memorised_number.py": [
        "trained             '8652300018'",
        "forgotten: True",
        "trained without it  ",
    ],
    "poisoned_labels.py": [
        "412 of 1347 labels are wrong",
        "labels replaced    test accuracy 0.9",
        "training again     test accuracy 0.9",
    ],
}


def test_none_is_left_out():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_example(name, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", [name])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    printed = capsys.readouterr().out
    for text in SHOWN[name]:
        assert text in printed
    assert "nan" not in printed
    assert max(map(len, printed.splitlines())) <= 110
