"""The registry's file as text: the same each time, read back to the letter, and wrong YAML is told with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.config_file import parse_config, written_config
from app.core.commands.people import person_by_email
from app.core.portable import Misplaced, Portable, PortableBot, portable_of
from app.core.registry import State
from tests.core.test_portable import ALL, carried_out, some
from tests.facts import told

PAGE = Path(__file__).parents[2] / "docs/registry.md"


def test_out_and_in_again() -> None:
    """The text is the file, and written again it is the same text."""
    file = portable_of(told(*some()), ALL)
    text = written_config(file)

    assert file == parse_config(text)
    assert text == written_config(portable_of(told(*some()), ALL))


def test_people_can_read_it() -> None:
    """Rules stand there as text, characters as they are, a field a line, what is left at its default not at all."""
    lines = written_config(portable_of(told(*some()))).splitlines()

    assert "    name: Pizza \N{SLICE OF PIZZA}" in lines
    assert '        rule: direction = in and text ~ "refund|money"' in lines
    defaults = {
        "enabled: true",
        "week_start: monday",
        "platform: generic",
        "session_gap_s: 900",
        "cool_down_s: 300",
    }
    assert not [line for line in lines if line.strip() in defaults]


def test_the_example_of_the_page_is_one() -> None:
    """What docs/registry.md shows can be imported as it stands."""
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    file = parse_config(text)
    assert isinstance(file, Portable)
    state, _ = carried_out(State(), file)

    assert "dashboard:refunds" == state.alerts["refunds-rise"].measure
    assert {"pizza": "editor"} == next(iter(state.people.values())).roles


@given(st.text())
def test_any_name_survives(name: str) -> None:
    """Also those that YAML takes for something else: no, 1e3, 2024-01-01, null."""
    file = Portable(1, bots={"pizza": PortableBot(name)})

    assert file == parse_config(written_config(file))


@pytest.mark.parametrize(
    "name", ["no", "on", "1e3", "0x1f", "12:30", "2024-01-01", "null", "~", "- a", "# x", "*a", "a: b", " "]
)
def test_names_that_look_like_something_else(name: str) -> None:
    """Are written so that they are read as text."""
    file = Portable(1, bots={"pizza": PortableBot(name)})

    assert file == parse_config(written_config(file))


def test_people_stand_under_their_e_mail_as_it_is_written_everywhere() -> None:
    """However a file writes it, it finds them: accents are no letters of their own, a domain is in small letters."""
    file = parse_config("botpulse: 1\npeople:\n  Jose\u0301@Example.org:\n    id: j1\n    admin: true\n")
    assert isinstance(file, Portable)
    state, _ = carried_out(State(), file)
    found = person_by_email(state, "jos\u00e9@example.org")

    assert found
    assert "Jos\u00e9@example.org" == found.email


@pytest.mark.parametrize(
    ("expected", "emails"),
    [
        pytest.param("twice", ["jos\u00e9@example.org", "jose\u0301@example.org"], id="accents"),
        pytest.param("twice", ["ada@example.org", "ADA@example.org"], id="capitals"),
        pytest.param("no e-mail address", ["ada@example..org"], id="no address"),
    ],
)
def test_e_mails_that_cannot_be_told_apart_or_sent_to(expected: str, emails: list[str]) -> None:
    """Are said with their place."""
    found = parse_config("botpulse: 1\npeople:\n" + "".join(f"  {one}: {{}}\n" for one in emails))

    assert isinstance(found, Misplaced)
    assert f"people.{emails[-1]}" == found.place
    assert expected in found.message


def test_times_may_stand_without_quotes() -> None:
    """They are read as they are written."""
    found = parse_config(
        "botpulse: 1\nbots:\n  pizza:\n    name: Pizza\n    created_at: 2024-05-27T12:00:00Z\n"
    )

    assert Portable(1, bots={"pizza": PortableBot("Pizza", created_at="2024-05-27T12:00:00Z")}) == found


def test_json_is_yaml_too() -> None:
    """A program may write JSON."""
    assert Portable(1, bots={"pizza": PortableBot("Pizza")}) == parse_config(
        '{"botpulse": 1, "bots": {"pizza": {"name": "Pizza"}}}'
    )


@pytest.mark.parametrize(
    ("place", "words", "text"),
    [
        pytest.param("line 4, column 3", "'pizza' stands here twice", "botpulse: 1\nbots:\n  pizza: {name: A}\n  pizza: {name: B}\n", id="twice"),
        pytest.param("line 2, column 1", "this is no YAML", "bots: [\n", id="not closed"),
        pytest.param("line 1, column 11", "could not determine a constructor", "botpulse: !!python/object:os.system x\n", id="a tag"),
        pytest.param("the file", "this is no YAML", "a: \x00", id="not text"),
        pytest.param("", "expected `object`", "", id="empty"),
        pytest.param("bots.pizza", "there is no field `nmae`", "botpulse: 1\nbots: {pizza: {name: A, nmae: B}}\n", id="a field"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_place(place: str, words: str, text: str) -> None:
    """The line of what is no YAML, the path of what is not ours; nothing in a file is run."""
    found = parse_config(text)

    assert isinstance(found, Misplaced)
    assert place == found.place
    assert words in found.message
