"""The registry's file as text: YAML, as people read and edit it, and comments may stand in it."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import yaml

from app.adapters.emails import email_address
from app.core.portable import Misplaced, Portable, plain_of, read_portable
from app.core.portable.shape import PortablePerson
from app.core.refusal import Refusal
from app.core.registry import email_key

__all__ = ["parse_config", "written_config"]

_HEAD: Final = """\
# Bots, dashboards, alerts, keys and people of botpulse; `botpulse registry import` makes a registry what this says.
# A section that is left out is left alone. Keys stand here as hashes; the registry's own secrets only with --with-secrets.
"""
_WIDTH: Final = 1_000_000
_BREAK: Final = re.compile("[\n\r\x85\u2028\u2029]")
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"


def written_config(file: Portable) -> str:
    """Return the text of *file*; the same file is the same text."""
    return _HEAD + yaml.dump(
        plain_of(file), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )


def parse_config(text: str) -> Portable | Misplaced:
    """Return what *text* says, YAML or JSON; or what is wrong with it and where."""
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 a safe loader, less what it takes for times
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        return Misplaced(place, f"this is no YAML: {error.problem or error.context}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Misplaced("the file", f"this is no YAML: {error}")
    file = read_portable(data)
    return file if isinstance(file, Misplaced) else _with_usual_emails(file)


def _with_usual_emails(file: Portable) -> Portable | Misplaced:
    """Return *file* with people under their e-mail as it is written everywhere else, so that it finds them."""
    people, seen = dict[str, PortablePerson](), set[str]()
    for email, person in (file.people or {}).items():
        usual = email_address(email)
        if isinstance(usual, Refusal):
            return Misplaced(f"people.{email}", usual.message)
        if email_key(usual) in seen:
            return Misplaced(f"people.{email}", "this e-mail stands here twice")
        seen.add(email_key(usual))
        people[usual] = person
    return file if file.people is None else msgspec.structs.replace(file, people=people)


class _Dumper(yaml.SafeDumper):
    """Writes what a person would: no references to what stood above."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        # other ways of writing fold lines at characters that YAML takes for breaks
        is_one_line = not _BREAK.search(text)
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_one_line else '"')


_Dumper.add_representer(str, _Dumper.represent_text)


class _Loader(yaml.SafeLoader):
    """Refuses names that stand twice, and leaves times as they are written."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            if key_node.value in seen:
                problem = f"{key_node.value!r} stands here twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
