"""What a filter says, in whatever spelling, and what is no filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.filters import FILTERED, FILTERS, filter_of, is_kept_in_cells
from app.core.measures import MEASURES
from app.core.refusal import Refusal
from app.core.series import Ask, ask_of

WORDS = st.dictionaries(st.sampled_from(["platform", "locale", "intent", "event"]), st.text(), min_size=1)


def spelt(conditions: dict[str, str]) -> list[str]:
    """Return each condition as a caller writes it."""
    return [f"{dim}={value}".replace("\\", "\\\\").replace(",", "\\,") for dim, value in conditions.items()]


@given(conditions=WORDS)
def test_every_value_can_be_written(conditions: dict[str, str]) -> None:
    """Joined by commas or one by one, with commas, backslashes, line ends and nothing inside."""
    pieces = spelt(conditions)

    assert tuple(conditions.items()) == filter_of(pieces) == filter_of([",".join(pieces)])


def test_a_backslash_before_anything_else_is_itself() -> None:
    r"""`\d` and one at the end are no escapes."""
    assert (("intent", r"a\d"), ("locale", "x\\")) == filter_of([r"intent=a\d", "locale=x\\"])


def test_no_filter() -> None:
    """Without the parameter there is none."""
    assert () == filter_of([])


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        pytest.param([""], "platform=facebook", id="empty"),
        pytest.param(["facebook"], "platform", id="no dimension"),
        pytest.param(["mood=good"], "locale", id="unknown dimension"),
        pytest.param(["intent=a,b"], r"\,", id="comma in a value"),
        pytest.param(["kind=txet"], "text", id="unknown kind"),
        pytest.param(["direction=up"], "none", id="unknown direction"),
        pytest.param(["platform=a", "platform=b"], "two values", id="two values"),
    ],
)
def test_refusals_say_what_to_write(texts: list[str], word: str) -> None:
    """Each names what is possible."""
    found = filter_of(texts)

    assert isinstance(found, Refusal)
    assert word in found.message


@pytest.mark.parametrize("measure", MEASURES)
def test_measures_with_a_filter(measure: str) -> None:
    """Those of single events and of users; the refusal of others names them."""
    found = ask_of(measure, "day", "", (("platform", "facebook"),))

    assert isinstance(found, Ask) == (measure in FILTERED)
    assert isinstance(found, Ask) or "active_users" in found.message


@pytest.mark.parametrize(
    ("measure", "by", "dims", "is_kept"),
    [
        pytest.param("messages", "", [], True, id="no filter"),
        pytest.param("messages", "", ["platform"], True, id="one key"),
        pytest.param("messages", "platform", ["platform"], True, id="one key by itself"),
        pytest.param("messages", "kind", ["platform"], False, id="crossed"),
        pytest.param("messages", "", ["platform", "kind"], False, id="two"),
        pytest.param("messages", "", ["intent"], False, id="not its dimension"),
        pytest.param("active_users", "", ["platform"], False, id="users"),
    ],
)
def test_what_cells_know(measure: str, by: str, dims: list[str], is_kept: bool) -> None:
    """The total, or one key of one dimension."""
    assert set(dims) <= set(FILTERS)
    assert is_kept == is_kept_in_cells(measure, by, tuple((dim, "x") for dim in dims))
