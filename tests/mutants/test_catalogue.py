"""The mutants fit the code as it is; whether they are noticed takes minutes: `make mutants`."""

from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.trial import ROOT, Copy, Unfit, mutated


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_fits_its_file(mutant: Mutant) -> None:
    text = (ROOT / mutant.path).read_text()

    assert mutated(text, mutant) != text
    for test in mutant.tests:
        assert (ROOT / test.partition("::")[0]).exists()


def test_a_mutant_that_fits_nowhere_is_refused() -> None:
    nowhere = Mutant("nowhere", "lake/ids.py", "\n-    no such line\n", ())
    no_code = Mutant("no code", "lake/ids.py", "\n-import re\n+import\n", ())
    for mutant in (nowhere, no_code):
        with pytest.raises(Unfit, match=mutant.name):
            mutated((ROOT / mutant.path).read_text(), mutant)


@pytest.mark.long
def test_neither_broken_code_nor_a_missing_test_counts_as_red(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    tests = ("tests/lake/test_ids.py",)
    verdicts = [
        copy.try_out(Mutant("import", "lake/ids.py", "\n-import re\n+import no_such\n", tests)),
        copy.try_out(Mutant("name", "lake/ids.py", "\n-import re\n", tests)),
        copy.try_out(Mutant("missing", "lake/ids.py", "\n import re\n", (f"{tests[0]}::test_no",))),
        copy.try_out(Mutant("nothing", "lake/ids.py", "\n import re\n", tests)),
    ]

    assert [verdict.is_red for verdict in verdicts] == [False] * 4
    assert [verdict.has_passed for verdict in verdicts] == [False] * 3 + [True]
