"""
May an analyst run this query? Decided on the syntax tree of ClickHouse's own parser, never on the text.

One SELECT over the tables analysts may rely on, with functions that compute from their arguments alone.  What a tree
does not show (rows of other bots, limits, writing) is the engine's to enforce: `confined` has the settings for that.
A kind of node, a table or a function that is not known here is refused.

The tree comes as indented lines.  Names in it are not quoted, so a name with line breaks could look like nodes; then
the numbers of children, which every line states, do not add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from app.core.refusal import Refusal

__all__ = ["TABLES", "Limits", "Node", "confined", "filters", "objection", "tree_of"]

TABLES: Final = (
    "bot_events", "counters", "sessions", "daily_users", "intents", "users", "transcripts", "dashboard_hits",
    "dead_letters", "alerts", "bots",
)  # fmt: skip
"""What analysts may rely on. Tables below the views are not among them: they show repeats, and take PREWHERE."""

_TABLE_FUNCTIONS: Final = frozenset(
    {
        "numbers",
        "numbers_mt",
        "zeros",
        "zeros_mt",
        "generateseries",
        "generate_series",
        "values",
        "view",
        "null",
    }
)
_KINDS: Final = frozenset(
    {
        "SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "ExpressionList", "WithElement", "Subquery",
        "Literal", "Identifier", "TableIdentifier", "Function", "Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher",
        "ColumnsListMatcher", "QualifiedColumnsRegexpMatcher", "QualifiedColumnsListMatcher", "ColumnsTransformerList",
        "ColumnsExceptTransformer", "ColumnsReplaceTransformer", "ColumnsReplaceTransformer::Replacement",
        "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableJoin", "ArrayJoin", "SampleRatio",
        "OrderByElement", "InterpolateElement", "WindowDefinition", "WindowListElement",
    }
)  # fmt: skip
_SAID: Final = {
    "Set": "SETTINGS are not available here.",
    "ColumnsApplyTransformer": "APPLY is not available here; write the functions out.",
    "QueryParameter": "Parameters are not available here; write the values out.",
}
_IN: Final = re.compile(r"(global)?(not)?(null)?in(ignoreset)?|(global)?notnullin(ignoreset)?")
_COMBINATORS: Final = (
    "if", "array", "map", "simplestate", "state", "merge", "mergestate", "foreach", "distinct", "ordefault", "ornull",
    "resample", "argmin", "argmax",
)  # fmt: skip
_LINE: Final = re.compile(r"( *)(\S+)(?: +(.*?))??(?: +\(children (\d+)\))?")
_ALIAS: Final = " (alias "


class Node(NamedTuple):
    """A node of the tree: what it is, what it names, what is below it."""

    kind: str
    name: str
    children: list[Node]

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below."""
        yield self
        for child in self.children:
            yield from child.walk()


class Limits(NamedTuple):
    """What a query may take."""

    timeout_s: float
    memory_bytes: int
    rows: int
    bytes: int


def tree_of(lines: Sequence[str]) -> Node | None:
    """Return the tree that EXPLAIN AST describes; None where it is not a tree."""
    root = Node("", "", [])
    path: list[tuple[Node, int]] = [(root, 1)]
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or len(found[1]) + 1 > len(path):
            return None
        while len(path) > len(found[1]) + 1:
            node, stated = path.pop()
            if len(node.children) != stated:
                return None
        node = Node(found[2], (found[3] or "").strip(), [])
        path[-1][0].children.append(node)
        path.append((node, int(found[4] or 0)))
    is_whole = all(len(node.children) == stated for node, stated in path)
    return root.children[0] if is_whole and root.children else None


def objection(
    tree: Node | None, database: str, hidden: Iterable[str], functions: frozenset[str]
) -> Refusal | None:
    """Return why the query may not run. *hidden* are the tables of *database* that are not for analysts."""
    if tree is None:
        return _no("Names with line breaks are not available here.")
    if tree.kind != "SelectWithUnionQuery":
        return _no("Only SELECT is available here, one statement at a time.")
    if len(tree.children) != 1:
        below = {child.kind for child in tree.children}
        what = "INTO OUTFILE" if "Literal" in below else "SETTINGS" if "Set" in below else "FORMAT"
        return _no(f"{what} is not available here; say `format` beside `query` to choose one.")
    tables = _Tables(database, frozenset(hidden))
    for node in tree.walk():
        refusal = _kind(node) or _table(node, tables) or _function(node, functions)
        if refusal:
            return refusal
    return None


def filters(database: str, tables: Mapping[str, bool], bots: Iterable[str] | None) -> str:
    """
    Return the filter of every table of *database* as a literal of ClickHouse's Map.

    *tables* tells of each whether it has a column `bot_id`; without one nobody sees its rows.  Without *bots* all are
    shown.
    """
    listed = None if bots is None else ", ".join(map(_quoted, sorted(bots))) or "''"
    shown = "1" if listed is None else f"bot_id IN ({listed})"
    pairs = (
        f"{_quoted(f'{database}.{name}')}: {_quoted(shown if has else '0')}" for name, has in tables.items()
    )
    return "{" + ", ".join(pairs) + "}"


def confined(table_filters: str, limits: Limits) -> dict[str, object]:
    """
    Return the settings under which an analyst's query runs.

    Filters are to be evaluated first and by themselves: where the planner joins them with the query's own conditions,
    an error message can show a value of a row that the filter hides.
    """
    return {
        "readonly": 1,
        "additional_table_filters": table_filters,
        "query_plan_merge_filters": 0,
        "optimize_move_to_prewhere": 0,
        "query_plan_optimize_prewhere": 0,
        "use_query_condition_cache": 0,
        "use_query_cache": 0,
        "allow_introspection_functions": 0,
        "max_execution_time": limits.timeout_s,
        "timeout_overflow_mode": "throw",
        "max_memory_usage": limits.memory_bytes,
        "limit": limits.rows + 1,
        "max_result_bytes": limits.bytes,
        "result_overflow_mode": "throw",
        "max_threads": 2,
    }


class _Tables(NamedTuple):
    database: str
    hidden: frozenset[str]

    def objection(self, name: str) -> Refusal | None:
        """Say why *name* is no table for analysts; a name nobody knows may be that of a WITH."""
        plain = name.removeprefix(f"{self.database}.")
        if plain in TABLES or ("." not in name and name not in self.hidden):
            return None
        return _no(f"There is no table {name[:60]} here; there are {', '.join(TABLES)}.")


def _kind(node: Node) -> Refusal | None:
    if node.kind in _KINDS:
        return None
    return _no(_SAID.get(node.kind, f"{node.kind} is not available here."))


def _table(node: Node, tables: _Tables) -> Refusal | None:
    """Judge tables, table functions, and names on the right of IN, which may be tables too."""
    if node.kind == "TableIdentifier":
        return tables.objection(_named(node))
    if node.kind == "TableExpression":
        for child in node.children:
            if child.kind == "Function" and _named(child).lower() not in _TABLE_FUNCTIONS:
                return _no(f"The table function {_named(child)[:60]} is not available here.")
    if node.kind == "Function" and _IN.fullmatch(_named(node).lower()):
        right = [argument for part in node.children for argument in part.children][1:]
        for argument in right:
            refusal = tables.objection(_named(argument)) if argument.kind == "Identifier" else None
            if refusal:
                return refusal
    return None


def _function(node: Node, functions: frozenset[str]) -> Refusal | None:
    """Judge the functions right below a node; those below a TableExpression are judged as tables."""
    if node.kind == "TableExpression":
        return None
    for child in node.children:
        if child.kind == "Function" and not _is_known(_named(child).lower(), functions):
            return _no(f"The function {_named(child)[:60]} is not available here.")
    return None


def _is_known(name: str, functions: frozenset[str]) -> bool:
    if name in functions:
        return True
    return any(
        name.endswith(suffix) and _is_known(name.removesuffix(suffix), functions) for suffix in _COMBINATORS
    )


def _named(node: Node) -> str:
    return node.name.partition(_ALIAS)[0]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _no(message: str) -> Refusal:
    return Refusal("not_allowed", message)
