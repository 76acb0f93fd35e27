"""Every script in examples/ runs, and shows what it is there to show."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

#: What each script must print, and the optional package that it needs.
SHOWN = {
    "forget_a_customer.py": (
        [
            "rural +0.000",
            "refused to forget C00042",
            "the deployed model predicts the same: True",
        ],
        "pandas",
    ),
    "certified_deletion.py": (
        ["not claimed are:", "The certificate is of the model", "999,997 times"],
        None,
    ),
    "forget_an_applicant.py": (
        [
            "times before, 0 now",
            "means differ from a refit's by 0e+00",
            "predicts the same: True",
            "without her: ",
        ],
        "pandas",
    ),
    "forget_in_gradient_boosting.py": (
        ["RandomForestClassifier          5    2", "RowNotFoundError: Row 0"],
        None,
    ),
    "many_requests.py": (["refined", "120"], None),
    "mislabelled_digits.py": (["corrected  ", "difference of a coefficient"], None),
    "reconstruct_a_deleted_row.py": (
        [
            "the matrix A itself        1.000      100.0%",
            "The noise of a certificate hides nothing: 98% of the rows",
        ],
        None,
    ),
}


def test_none_is_left_out():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_example(name, capsys):
    shown, package = SHOWN[name]
    if package is not None:
        pytest.importorskip(package)
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    printed = capsys.readouterr().out
    for text in shown:
        assert text in printed
    assert "nan" not in printed
    assert max(map(len, printed.splitlines())) <= 110
