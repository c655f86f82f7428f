"""SQL of an analyst: everything useful works, and nothing but the caller's own rows ever comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.adapters.analyst import ask
from app.adapters.clickhouse import connect, insert
from app.adapters.queries import FOLDER
from app.config import Settings
from app.core.confinement import Limits
from app.core.events import BotEvent, Reporting
from app.core.outcome import DeadLetter, Reason
from app.core.rows import dead_letter_rows
from tests.core.test_shard import BASE, DAY
from tests.databases import fresh_database
from tests.engine import EngineServer
from tests.events import event
from tests.web.api.stock import Reading, reading, stock
from tests.web.site import ADMIN_KEY, READ_KEY

pytestmark = pytest.mark.clickhouse

OWN, OTHER = "pizza", "zzz"
MARK = "zzmarkzz"
"""In every text of the other bot, and nowhere else."""


class Shelf(NamedTuple):
    """A database with two bots, and a file that nobody may read."""

    settings: Settings
    secret: Path


@pytest.fixture(scope="module")
def shelf(engine: EngineServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Two bots side by side in the same parts of the tables."""
    settings = fresh_database(engine, sql_timeout_s=5)
    secret = tmp_path_factory.mktemp("secret") / "secret.txt"
    secret.write_text(MARK)
    events: list[BotEvent] = []
    letters: list[DeadLetter] = []
    for bot, word in ((OWN, "mine"), (OTHER, MARK)):
        events += [
            event(f"{word}-{n}", bot_id=bot, user_id=f"{word}-u{n}", text=word, intent=f"{word}-i", event_name=f"{word}-e",
                  kind=kind, conversation_id=f"{word}-c", attributes={word: word}, dashboards=[f"{word}-d@1"], locale=f"{word}-l", at=BASE + n * 60_000, received_at=BASE + DAY)
            for n, kind in enumerate(["text", "custom", "text", "text"])
        ]  # fmt: skip
        letters.append(
            DeadLetter(bot, Reason.BAD_TIME, f"{word}-m", "normalise", 0, len(letters), 0, BASE, f"{word}-b")
        )
    with connect(settings) as client:
        stock(client, events)
        insert(client, dead_letter_rows(letters), "")
        found = [
            (bot, f"{word}-d@2", f"{word}-u0", f"{word}-0", BASE, BASE + DAY)
            for bot, word in ((OWN, "mine"), (OTHER, MARK))
        ]
        client.execute("INSERT INTO backfilled_hits VALUES", found)
        client.execute(
            "INSERT INTO bots (bot_id, name, zone) VALUES", [(OWN, "mine", "UTC"), (OTHER, MARK, "UTC")]
        )
        client.execute("OPTIMIZE TABLE events FINAL")
        yield Shelf(settings, secret)
        client.execute(f"DROP DATABASE `{client.connection.database}` SYNC")


async def run(shelf: Shelf, sql: str, key: str = READ_KEY, form: str = "JSON") -> tuple[int, Any]:
    """Return status and answer of a query."""
    async with reading(shelf.settings, Reporting(), BASE + 2 * DAY) as api:
        return await post(api, {"query": sql, "format": form}, key)


async def post(api: Reading, body: Any, key: str = READ_KEY) -> tuple[int, Any]:
    """Return status and answer of a request."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with api.site.client.post(f"{api.site.url}/data/v1/sql", json=body, headers=headers) as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, await (answer.json() if is_json else answer.text())


REFUSED = [
    "SELECT * FROM file('{secret}', 'RawBLOB')",
    "SELECT file('{secret}')",
    "SELECT * APPLY(file) FROM (SELECT '{secret}' AS a)",
    "SELECT COLUMNS('a') APPLY(x -> file(x)) FROM (SELECT '{secret}' AS a)",
    "SELECT * REPLACE(file(a) AS a) FROM (SELECT '{secret}' AS a)",
    "SELECT arrayMap(x -> file(x), ['{secret}'])",
    "SELECT (SELECT file('{secret}'))",
    "SELECT 1 LIMIT (SELECT length(file('{secret}')))",
    "SELECT 1 ORDER BY file('{secret}')",
    "WITH file('{secret}') AS f SELECT f",
    "SELECT sum(1) OVER (ORDER BY file('{secret}'))",
    "SELECT 1 IN (SELECT file('{secret}'))",
    "SELECT `file`('{secret}')",
    "SELECT FILE('{secret}')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'RawBLOB')",
    "SELECT * FROM remote('127.0.0.1', currentDatabase(), 'events')",
    "SELECT * FROM remoteSecure('127.0.0.1', currentDatabase(), 'events')",
    "SELECT * FROM cluster('default', currentDatabase(), 'events')",
    "SELECT * FROM clusterAllReplicas('default', currentDatabase(), 'events')",
    "SELECT * FROM s3('http://127.0.0.1:1/a', 'CSV')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/tmp/a', 'b')",
    "SELECT * FROM executable('cat', 'TSV', 'a String')",
    "SELECT * FROM python('a')",
    "SELECT * FROM dictionary('a')",
    "SELECT * FROM loop(events)",
    "SELECT * FROM input('a String')",
    "SELECT * FROM merge(currentDatabase(), '.*')",
    "SELECT * FROM merge('events')",
    "SELECT * FROM mergeTreeIndex(currentDatabase(), events)",
    "SELECT * FROM view(SELECT * FROM mergeTreeIndex(currentDatabase(), events))",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
    "SELECT * FROM generateRandom('a String')",
    "SELECT dictGet('a', 'b', 1)",
    "SELECT joinGet('a', 'b', 1)",
    "SELECT hostName()",
    "SELECT getSetting('additional_table_filters')",
    "SELECT sleep(1)",
    "SELECT sleepEachRow(1) FROM numbers(3)",
    "SELECT addressToLine(1)",
    "SELECT aiGenerate('a', 'b')",
    "SELECT dumpColumnStructure(text) FROM bot_events",
    "SELECT name FROM system.tables",
    "SELECT name FROM `system`.`tables`",
    "SELECT * FROM system.one, bot_events",
    "SELECT * FROM bot_events WHERE text IN system.databases",
    "SELECT * FROM bot_events WHERE (text, 1) NOT IN `system`.one",
    "SELECT in(1, system.one)",
    "SELECT table_name FROM information_schema.tables",
    "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES",
    "SELECT * FROM default.x",
    "SELECT count() FROM events",
    "SELECT count() FROM events AS bot_events",
    "SELECT 1 IN events",
    "SELECT * FROM counter_parts",
    "SELECT * FROM dead_letter_rows",
    "SELECT * FROM backfilled_hits",
    "SELECT * FROM schema_migrations",
    "SELECT * FROM sink_positions",
    "SELECT count() FROM bots PREWHERE throwIf(name = '" + MARK + "') = 0",
    "SELECT (SELECT count() FROM bots PREWHERE toInt32(replaceOne(name, 'mine', '1')) = 1)",
    "SELECT count() FROM bot_events SETTINGS additional_table_filters = {}",
    "SELECT count() FROM bot_events SETTINGS readonly = 0",
    "SELECT * FROM (SELECT * FROM bot_events SETTINGS max_result_rows = 0)",
    "SELECT 1 INTO OUTFILE '{secret}.out'",
    "SELECT 1 /* a */ INTO /* b */ OUTFILE -- c\n '{secret}.out'",
    "SELECT 1 INTO OUTFILE '{secret}.out' FORMAT CSV",
    "SELECT 1 FORMAT CSV",
    "SELECT 1 FORMAT Null SETTINGS max_threads = 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE events",
    "EXPLAIN SELECT 1",
    "EXPLAIN QUERY TREE SELECT 1",
    "DESCRIBE bot_events",
    "SHOW TABLES",
    "SHOW CREATE TABLE events",
    "EXISTS TABLE events",
    "USE system",
    "SET readonly = 0",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
    "INSERT INTO bots (bot_id) VALUES ('x')",
    "INSERT INTO bots (bot_id) SELECT 'x'",
    "INSERT INTO FUNCTION file('{secret}') SELECT 1",
    "CREATE TABLE x (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a Int8)",
    "CREATE FUNCTION f AS x -> file(x)",
    "ATTACH TABLE x",
    "DROP TABLE events",
    "TRUNCATE TABLE events",
    "ALTER TABLE events DELETE WHERE 1",
    "OPTIMIZE TABLE events",
    "BACKUP TABLE events TO Disk('a', 'b')",
    "GRANT ALL ON *.* TO default",
    "SELECT 1 PARALLEL WITH SELECT 2",
    "SELECT 1 AS `a\n TableExpression x`",
    "SELECT * FROM {t:Identifier}",
    "graph = 1 SELECT 1",
    "SELECT",
    "-- nothing",
    ")",
]  # fmt: skip


@pytest.mark.parametrize("key", [READ_KEY, ADMIN_KEY], ids=["bot's key", "administrator"])
@pytest.mark.parametrize("sql", REFUSED)
async def test_refused(shelf: Shelf, sql: str, key: str) -> None:
    """With 400 and words; no file is written and no secret is in the answer."""
    status, answer = await run(shelf, sql.replace("{secret}", str(shelf.secret)), key)

    assert (400, {"code", "message", "request_id"}) == (status, set(answer["error"])), answer
    assert "Stack trace" not in answer["error"]["message"]
    assert not [sibling for sibling in shelf.secret.parent.iterdir() if sibling != shelf.secret]


VIEWS = [
    "bot_events",
    "counters",
    "sessions",
    "daily_users",
    "intents",
    "users",
    "transcripts",
    "dashboard_hits",
    "dead_letters",
    "bots",
]
SHOWN = [
    *(f"SELECT * FROM {view}" for view in VIEWS),
    *(f"SELECT groupUniqArray(bot_id), count() FROM {view} WHERE intDiv(1, bot_id != '{OTHER}') = 1" for view in VIEWS),
    *(f"SELECT min(bot_id), max(bot_id), count(DISTINCT bot_id) FROM {view}" for view in VIEWS),
    f"SELECT * FROM bot_events WHERE bot_id = '{OTHER}' OR 1",
    "SELECT count() FROM bot_events WHERE toInt32(replaceOne(text, 'mine', '1')) = 1",
    "SELECT count() FROM bot_events WHERE toInt32(replaceOne(intent, 'mine-i', '1')) = 1",
    "SELECT toInt32(replaceOne(intent, 'mine-i', '1')), toInt32(replaceOne(event_name, 'mine-e', '1')) FROM bot_events",
    "SELECT toInt32(replaceOne(bot_id, 'pizza', '1')) FROM bot_events ORDER BY toInt32(replaceOne(text, 'mine', '1')) LIMIT 1",
    "SELECT count() FROM bots WHERE toInt32(replaceOne(name, 'mine', '1')) = 1",
    "SELECT count() FROM dashboard_hits WHERE toInt32(replaceOne(dashboard, 'mine-d', '1')) = 1",
    "SELECT count() FROM dead_letters WHERE toInt32(replaceOne(body, 'mine-b', '1')) = 1",
    "SELECT count() FROM users WHERE toInt32(replaceRegexpOne(user_id, 'mine-u', '1')) > 0",
    "SELECT count() FROM bot_events WHERE toUInt64(replaceRegexpOne(user_id, 'mine-u', '1')) > 5",
    "WITH x AS (SELECT * FROM bot_events) SELECT * FROM x AS a INNER JOIN x AS b USING (event_id)",
    "WITH system AS (SELECT * FROM bot_events) SELECT * FROM system",
    f"SELECT * FROM (SELECT '{OTHER}' AS bot_id) AS a LEFT JOIN transcripts AS t USING (bot_id)",
    f"SELECT * FROM (SELECT '{OTHER}' AS bot_id) AS a INNER JOIN bots AS t ON a.bot_id = t.bot_id",
    "SELECT * FROM bot_events AS e, bots AS b WHERE e.bot_id = b.bot_id",
    "SELECT (SELECT groupArray(text) FROM bot_events), (SELECT groupArray(name) FROM bots)",
    f"SELECT 1 WHERE '{OTHER}' IN (SELECT bot_id FROM bot_events) OR '{OTHER}' IN (SELECT bot_id FROM bots)",
    "SELECT text FROM bot_events UNION ALL SELECT name FROM bots UNION DISTINCT SELECT body FROM dead_letters",
    "SELECT bot_id FROM bots EXCEPT SELECT 'x' INTERSECT SELECT bot_id FROM bots",
    "SELECT text FROM bot_events LIMIT (SELECT count() FROM bots) OFFSET (SELECT 0)",
    "SELECT * FROM view(SELECT * FROM bot_events)",
    "SELECT e.* EXCEPT (text), COLUMNS('^te') FROM bot_events AS e ARRAY JOIN [1, 2] AS n",
    "SELECT bot_id, text, count() FROM bot_events GROUP BY ROLLUP(bot_id, text) WITH TOTALS",
    "SELECT bot_id, row_number() OVER w FROM bot_events WINDOW w AS (PARTITION BY bot_id ORDER BY at)",
    "SELECT mapKeys(attributes), attributes FROM bot_events",
    "SELECT topK(10)(text), groupUniqArrayIf(text, 1), any(text), argMax(text, at), uniqExactIf(user_id, 1) FROM bot_events",
    "FROM bot_events SELECT text",
    "(SELECT text FROM bot_events)",
    "SELECT text /* FROM events */ FROM bot_events -- INTO OUTFILE 'x'",
    "SELECT 'INTO OUTFILE ''x''; SELECT file(1)' AS said, text FROM bot_events",
    "SELECT * FROM bot_events FINAL",
    "SELECT _table FROM bot_events",
]  # fmt: skip


@pytest.mark.parametrize("sql", SHOWN)
async def test_only_own_rows_come_out(shelf: Shelf, sql: str) -> None:
    """Whatever is asked, nothing of the other bot is in the answer, in words or as an error."""
    status, answer = await run(shelf, sql)

    assert 200 == status, answer
    assert MARK not in str(answer)
    assert not {OTHER} & {
        row.get("t.bot_id", row.get("bot_id")) for row in answer["data"] if row.get("user_id", "x")
    }


@pytest.mark.parametrize("view", VIEWS)
async def test_the_same_rows_as_alone(shelf: Shelf, view: str) -> None:
    """A bot's key sees as many rows as an administrator who asks for that bot, and not none."""
    own = await run(shelf, f"SELECT count() AS n FROM {view}")
    all_ = await run(shelf, f"SELECT count() AS n FROM {view} WHERE bot_id = '{OWN}'", ADMIN_KEY)
    every = await run(shelf, f"SELECT count() AS n FROM {view}", ADMIN_KEY)

    assert own[1]["data"] == all_[1]["data"]
    assert 2 * own[1]["data"][0]["n"] == every[1]["data"][0]["n"] > 0


async def test_an_analysts_query(shelf: Shelf) -> None:
    """Types, zones, casts, dates, windows, CASE, lambdas and combinators are all there."""
    sql = """
    WITH toDate(toTimeZone(at, 'America/Los_Angeles')) AS day, 2 AS least
    SELECT day, countIf(direction = 'in') AS messages, uniqExact(user_id) AS people, round(avg(length(text)), 1) AS mean,
        CASE WHEN messages > least THEN 'many' ELSE 'few' END AS size, arrayMap(x -> x + 1, [1, 2]) AS next, '5'::UInt8 AS five,
        sum(messages) OVER (ORDER BY day) AS running, now() > toDateTime('2020-01-01 00:00:00') - INTERVAL 1 DAY AS late
    FROM bot_events WHERE text LIKE 'mi%' AND at BETWEEN '2001-01-01' AND '2100-01-01' AND user_id IS NOT NULL AND user_id NOT IN ('x')
    GROUP BY day HAVING messages > 0 ORDER BY day WITH FILL LIMIT 1 BY day LIMIT 5
    """  # fmt: skip
    status, answer = await run(shelf, sql)

    assert 200 == status, answer
    assert [{"day": "2023-11-14", "messages": 4, "people": 4, "mean": 4.0, "size": "many", "next": [2, 3], "five": 5, "running": 4, "late": 1}] == answer["data"]  # fmt: skip
    assert ("day", "Date") == tuple(answer["meta"][0].values())


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("CSV", 'a,b\n1,"x,\n""y"""\n'),
        ("TSV", 'a\tb\n1\tx,\\n"y"\n'),
        ("JSONEachRow", '{"a":1,"b":"x,\\n\\"y\\""}\n'),
    ],
)
async def test_formats(shelf: Shelf, form: str, wanted: str) -> None:
    """The answer as asked for, with the names of the columns."""
    assert (200, wanted) == await run(shelf, "SELECT 1 AS a, 'x,\\n\"y\"' AS b", form=form)


async def test_more_rows_than_the_limit_are_cut(shelf: Shelf) -> None:
    """And the answer says so."""
    limited = Shelf(shelf.settings.model_copy(update={"sql_rows": 10}), shelf.secret)
    limited.settings.model_fields_set.add("sql_rows")
    cut = await run(limited, "SELECT number FROM numbers(1000000)")
    whole = await run(limited, "SELECT number FROM numbers(10)")

    assert ([{"number": n} for n in range(10)], True) == (cut[1]["data"], cut[1]["truncated"])
    assert (10, False) == (whole[1]["rows"], whole[1]["truncated"])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT number, repeat('y', 4000) FROM numbers(1000)",
        "SELECT toLowCardinality(repeat('y', 4000)) FROM numbers(1000)",
    ],
    ids=["as the engine holds it", "as it is written"],
)
async def test_an_answer_of_too_many_bytes_is_refused(shelf: Shelf, sql: str) -> None:
    """With the limit in the words."""
    settings = shelf.settings.model_copy(update={"sql_bytes": 1_000_000})
    settings.model_fields_set.add("sql_bytes")
    status, answer = await run(Shelf(settings, shelf.secret), sql)

    assert (400, "too_large") == (status, answer["error"]["code"])
    assert "1000000" in answer["error"]["message"]


@pytest.mark.parametrize("form", ["JSON", "JSONEachRow"])
async def test_columns_of_one_name_are_numbered(shelf: Shelf, form: str) -> None:
    """Every column is in the answer."""
    _, answer = await run(shelf, "SELECT 1, 2 AS `1_2`, 1", form=form)
    wanted = {"1": 1, "1_2": 2, "1_3": 1}

    assert wanted == (answer["data"][0] if form == "JSON" else json.loads(answer))


async def test_time_and_memory_are_limited(shelf: Shelf) -> None:
    """Both end in an error of the engine's, and the next query is fine."""
    settings = shelf.settings.model_copy(update={"sql_timeout_s": 1, "sql_memory_bytes": 100 << 20})
    settings.model_fields_set.update({"sql_timeout_s", "sql_memory_bytes"})
    limited = Shelf(settings, shelf.secret)
    slow = await run(limited, "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1")
    large = await run(limited, "SELECT length(groupArray(number)) FROM numbers(100000000)")
    after = await run(limited, "SELECT 1 AS a")

    assert (400, "clickhouse_159") == (slow[0], slow[1]["error"]["code"])
    assert (400, "clickhouse_241") == (large[0], large[1]["error"]["code"])
    assert [{"a": 1}] == after[1]["data"]


async def test_errors_are_clickhouses_own(shelf: Shelf) -> None:
    """Code and message, and where in the query."""
    status, answer = await run(shelf, "SELECT nothing FROM bot_events")

    assert (400, "clickhouse_47") == (status, answer["error"]["code"])
    assert "`nothing`" in answer["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [{}, [], {"query": 1}, {"query": "  "}, {"query": "SELECT 1", "format": "Parquet"}, {"query": "SELECT 1", "settings": {}}, {"query": "SELECT '\0'"}],
    ids=str,
)  # fmt: skip
async def test_unreadable_requests(shelf: Shelf, body: Any) -> None:
    """400 with words."""
    async with reading(shelf.settings, Reporting(), BASE) as api:
        status, answer = await post(api, body)

    assert 400 == status
    assert answer["error"]["message"]


async def test_a_bots_name_is_only_a_name(shelf: Shelf) -> None:
    """A bot whose id looks like SQL widens nothing."""
    with connect(shelf.settings) as client:
        for bots in ([], ["') OR 1 --"], ["\\' OR 1 OR bot_id = \\'"], ["x'}"]):
            answer = ask(client, "SELECT count() FROM bot_events", bots, Limits(5, 1 << 30, 10, 1 << 20))

            assert [(0,)] == answer.rows  # type: ignore[union-attr]


def test_every_function_of_the_list_is_there_once() -> None:
    """In order, so that a change is easy to judge; and what must not be there is not."""
    lines = (FOLDER.parent / "functions.txt").read_text().splitlines()
    names = [name for line in lines if not line.startswith("#") for name in line.split()]

    assert sorted(names, key=str.lower) == names
    assert len(set(names)) == len(names)
    assert not {"file", "joinget", "dictget", "getsetting", "hostname", "sleep", "chdb"} & {
        name.lower() for name in names
    }
