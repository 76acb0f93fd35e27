"""The list of faults is read, and one that cannot be planted is told."""

from pathlib import Path

import pytest

import sklearn_unlearn
from tests.mutants import Mutant, StaleMutantError, check_planted, known


def test_a_fault_takes_the_place_of_its_text():
    mutant = Mutant("core/linear/steps.py", "a + b", "a - b", "core/test_steps.py")
    assert mutant.planted("c = a + b\n") == "c = a - b\n"


def test_faults_that_cannot_be_planted_are_all_named(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\nx = 1\ny = 2\n")
    mutants = [
        Mutant("a.py", "y = 2", "y = 3", ""),
        Mutant("a.py", "x = 1", "x = 2", ""),
        Mutant("a.py", "z = 1", "z = 2", ""),
        Mutant("a.py", "y = 2", "y = 2", ""),
        Mutant("gone.py", "z = 1", "z = 2", ""),
    ]
    check_planted(mutants[:1], tmp_path)
    with pytest.raises(StaleMutantError) as error:
        check_planted(mutants, tmp_path)
    told = str(error.value).splitlines()
    assert [line.split(":")[0] for line in told] == ["a.py"] * 3 + ["gone.py"]


def test_every_fault_of_the_list_can_be_planted():
    check_planted(known(), Path(sklearn_unlearn.__file__).parent)


def test_the_list_is_chosen_from_by_words():
    assert len(known()) > len(known(["core/linear/low_rank_update.py"])) > 0
    assert all(
        "core/linear/low_rank_update.py" in str(mutant)
        for mutant in known(["core/linear/low_rank_update.py"])
    )
