"""Which passwords are refused: too short or too long, among the first that everybody tries, or made of who has it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from app.core.refusal import Refusal

__all__ = ["LONGEST", "SHORTEST", "as_typed", "password_fault"]

SHORTEST: Final = 8
LONGEST: Final = 128

_FEWEST_DIFFERENT: Final = 4
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qazwsxedcrfvtgbyhnujmikolp",
)
_WORDS: Final = """
    password passwort passw0rd p@ssword p@ssw0rd pa55word pa$$word mypassword passpass welcome letmein letmeinplease
    iloveyou sunshine princess football baseball basketball superman batman spiderman starwars pokemon computer michelle
    jennifer jessica ashley samantha charlie jordan nicole michael daniel whatever internet midnight mercedes corvette
    liverpool blink slipknot steelers cowboys chocolate butterfly elephant freedom dragon monkey shadow master blessed
    trustno qwerty qwertz azerty asdf asdfasdf abcd qwer admin administrator changeme changeit default test testtest testing
    temp temppass secret geheim hallo google googlegoogle facebook linkedin opensesame correcthorsebatterystaple
    abc12345 a1b2c3d4 aa123456 zaq12wsx q1w2e3r4 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qwer1234 qweasdzxc qweasd
"""
_COMMON: Final = frozenset(_WORDS.split())
"""Also with digits and signs before and after."""


def as_typed(password: str) -> str:
    """Return *password* in one form, as keyboards write the same letter in several."""
    return unicodedata.normalize("NFC", password)


def password_fault(password: str, own: Iterable[str]) -> Refusal | None:
    """Return why *password* is not taken from somebody whose name and e-mail are *own*; None where it is."""
    text = as_typed(password)
    if not SHORTEST <= len(text) <= LONGEST:
        message = f"A password has {SHORTEST} to {LONGEST} characters, this one {len(text)}."
        return Refusal("bad_password", message, "password")
    plain = text.casefold()
    if len(set(plain)) < _FEWEST_DIFFERENT or not _COMMON.isdisjoint((plain, _core(plain))) or _is_run(plain):
        return Refusal(
            "common_password",
            "This is one of the first passwords that everybody tries; take another.",
            "password",
        )
    if _core(plain) in _words_of(own):
        return Refusal(
            "common_password",
            "A password made of the name or the e-mail is easily tried; take another.",
            "password",
        )
    return None


def _is_run(plain: str) -> bool:
    return any(plain in run or plain[::-1] in run for run in _RUNS)


def _words_of(own: Iterable[str]) -> set[str]:
    words = {"botpulse"}
    for text in own:
        whole = text.casefold()
        words |= {whole, whole.replace(" ", ""), whole.partition("@")[0], *re.split(r"[^\w]+", whole)}
    return {core for core in map(_core, words) if core}


def _core(plain: str) -> str:
    """Return *plain* without the digits and signs that are put at its ends."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
