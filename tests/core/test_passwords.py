"""Which passwords are taken."""

from __future__ import annotations

import pytest

from app.core.passwords import as_typed, password_fault

OWN = ("anna@example.org", "Anna Smith")


@pytest.mark.parametrize(
    ("expected", "password"),
    [
        pytest.param("bad_password", "seven77", id="too short"),
        pytest.param("bad_password", "x1y2" * 32 + "z", id="too long"),
        pytest.param("common_password", "password", id="the commonest"),
        pytest.param("common_password", "Sunshine2024!", id="a common one with digits"),
        pytest.param("common_password", "12345678", id="a run"),
        pytest.param("common_password", "87654321", id="a run backwards"),
        pytest.param("common_password", "qwertyuiop", id="a run of keys"),
        pytest.param("common_password", "abababab", id="two letters"),
        pytest.param("common_password", "Anna@Example.org", id="the e-mail"),
        pytest.param("common_password", "AnnaSmith99", id="the name with digits"),
        pytest.param("common_password", "botpulse1", id="the product"),
        pytest.param(None, "correct horse", id="two words"),
        pytest.param(None, "anna likes pizza", id="with the name among others"),
        pytest.param(None, "tr0ub4dor", id="eight or more"),
        pytest.param(None, "x1y2" * 32, id="as long as may be"),
    ],
)
def test_passwords(expected: str | None, password: str) -> None:
    """Long enough, and not what everybody tries first."""
    fault = password_fault(password, OWN)

    assert expected == (fault.code if fault else None)


def test_every_refusal_names_the_field() -> None:
    """For forms and programs."""
    faults = [password_fault(one, OWN) for one in ("x", "password", "anna1234")]

    assert ["password"] * 3 == [fault.field for fault in faults if fault]


def test_one_letter_in_two_spellings_is_one() -> None:
    """Keyboards send é as one character or as two."""
    assert as_typed("caf\u00e9") == as_typed("cafe\u0301")
