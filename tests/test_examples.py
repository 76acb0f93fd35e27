"""Every script in examples/ runs, and shows what it is there to show."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

#: What each script must print; those on data frames need pandas.
SHOWN = {
    "adopt_a_file.py": [
        "exact, from sums",
        '"n_rows_out": 3',
        "still to be found in the new file: 0 of 3 rows",
    ],
    "certified_deletion.py": [
        "not claimed are:",
        "The certificate is of the model",
        "999,997 times",
    ],
    "choice_that_changed.py": [
        "best C: 0.0100 before, 0.0001 after",
        "the choice changed: True",
    ],
    "forest_beside_its_refit.py": ["for every image, to the last bit: True"],
    "forget_a_customer.py": [
        "rural +0.000",
        "refused to forget C00042",
        "the deployed model predicts the same: True",
    ],
    "forget_an_applicant.py": [
        "times before, 0 now",
        "means differ from a refit's by 0e+00",
        "predicts the same: True",
        "without her: ",
    ],
    "forget_in_gradient_boosting.py": [
        "RandomForestClassifier          5    2",
        "RowNotFoundError: Row 0",
    ],
    "many_requests.py": ["refined", "120"],
    "mislabelled_digits.py": ["corrected  ", "difference of a coefficient"],
    "names_in_texts.py": [
        "in the vocabulary afterwards: False",
        "same words as a refit: True",
    ],
    "protected_column.py": ["with the column    found of the sick: 0.692 and 0.808"],
    "reconstruct_a_deleted_row.py": [
        "the matrix A itself        1.000      100.0%",
        "The noise of a certificate hides nothing: 98% of the rows",
    ],
    "rows_that_matter.py": ["12 rows with most influence 9 have a wrong label"],
}
_FRAMES = {"forget_a_customer.py", "forget_an_applicant.py"}


def test_none_is_left_out():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_example(name, capsys):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    if name in _FRAMES:
        pytest.importorskip("pandas")
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    pyplot.close("all")
    printed = capsys.readouterr().out
    for text in SHOWN[name]:
        assert text in printed
    assert "nan" not in printed
    assert max(map(len, printed.splitlines())) <= 115
