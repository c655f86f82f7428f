"""Links that set a password: once, for a time, and only into the right hands."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from app.core.commands.people import person_by_email
from app.core.registry import Person
from app.web.auth.links import INVITATION_S, RESET_S
from app.web.auth.sessions import serializer
from tests.waiting import eventually
from tests.web.people.visitors import CHOSEN, EVE, OLGA, VERA, World
from tests.web.site import SESSION_KEY, tell


async def use(world: World, link: str, password: str = CHOSEN) -> tuple[int, str]:
    """Set a password by *link* in a fresh browser; return status and code."""
    status, answer = await (await world.stranger()).ask(
        "POST", "set-password", {"link": link, "password": password}
    )
    return status, answer.get("error", {}).get("code", "")


def text_of(url: str) -> str:
    """Return what a link carries."""
    return parse_qs(urlsplit(url).query)["link"][0]


async def test_a_link_sets_the_password_and_signs_in(world: World) -> None:
    """The invited person is in, and can sign in from elsewhere."""
    visitor = await world.stranger()
    status, _ = await visitor.ask("POST", "set-password", {"link": world.link("eve"), "password": CHOSEN})
    _, me = await visitor.ask("GET", "me")

    assert (200, "eve", "active") == (status, me["id"], me["state"])
    assert 200 == await (await world.stranger()).sign_in("eve@example.org", CHOSEN)


async def test_a_link_works_once(world: World) -> None:
    """The second time it is of no use."""
    link = world.link("eve")

    assert (200, "") == await use(world, link)
    assert (400, "link_used") == await use(world, link, "another one of mine")


async def test_a_link_used_by_two_at_once_lets_one_in(world: World) -> None:
    """The registry decides: one password is set, the other refused."""
    link, passwords = world.link("eve"), [f"password number {number}" for number in range(4)]
    outcomes = await asyncio.gather(*(use(world, link, one) for one in passwords))

    assert [200, 400, 400, 400] == sorted(status for status, _ in outcomes)
    winner = passwords[[status for status, _ in outcomes].index(200)]
    assert 200 == await (await world.stranger()).sign_in("eve@example.org", winner)


@pytest.mark.parametrize(
    ("person", "valid_s"),
    [pytest.param("eve", INVITATION_S, id="invitation"), pytest.param("vera", RESET_S, id="reset")],
)
async def test_links_expire(world: World, person: str, valid_s: int) -> None:
    """An invitation after 7 days, a reset after 6 hours, to the second."""
    link = world.link(person)
    world.now_ms += valid_s * 1000

    assert (400, "link_used") == await use(world, link)
    world.now_ms -= 1
    assert (200, "") == await use(world, link)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"epoch": 1}, id="signed out everywhere"),
        pytest.param({"password": "$argon2id$other"}, id="another password"),
        pytest.param({"disabled_at": 1}, id="disabled"),
    ],
)
async def test_links_of_before_are_void(world: World, changes: dict[str, object]) -> None:
    """A link holds for the person as they were when it was made."""
    link = world.link("vera")
    await tell(world.site.registry, msgspec.structs.replace(world.person("vera"), **changes))

    assert (400, "link_used") == await use(world, link)


async def test_links_are_signed_for_their_purpose(world: World) -> None:
    """A session's cookie is no link, nor is what somebody else signed."""
    content = ["vera", 0, "x", world.now_ms + 1000]
    for forged in (
        serializer(SESSION_KEY, "session").dumps(content),
        serializer(b"other" * 8, "password link").dumps(content),
        "",
        "x" * 1000,
    ):
        assert (400, "link_used") == await use(world, forged)


async def test_guessing_links_is_limited(world: World) -> None:
    """After twenty failures the address waits."""
    statuses = [(await use(world, f"guess {number}"))[0] for number in range(21)]

    assert [400] * 20 + [429] == statuses


@pytest.mark.parametrize(
    ("expected", "password"),
    [
        pytest.param("bad_password", "short", id="short"),
        pytest.param("bad_password", "x1y2z3 " * 20, id="long"),
        pytest.param("common_password", "password123", id="common"),
        pytest.param("common_password", "eve@example.org", id="the e-mail"),
    ],
)
async def test_a_bad_password_does_not_use_the_link_up(world: World, expected: str, password: str) -> None:
    """It can be tried again with a better one."""
    link = world.link("eve")

    assert (400, expected) == await use(world, link, password)
    assert (200, "") == await use(world, link)


async def test_reset_answers_alike_for_everybody(posting: World) -> None:
    """Known, unknown, disabled: the same status, the same words, the same headers but for the date."""
    await tell(posting.site.registry, msgspec.structs.replace(VERA, disabled_at=1))
    stranger = await posting.stranger()
    answers = []
    for email in ("olga@example.org", "nobody@example.org", VERA.email, "no address"):
        async with stranger.client.post(f"{stranger.url}/data/v1/reset", json={"email": email}) as answer:
            headers = {name: value for name, value in answer.headers.items() if name != "Date"}
            answers.append((answer.status, await answer.read(), headers))

    assert (200, b'{"mailed":true}') == answers[0][:2]
    assert all(one == answers[0] for one in answers)


async def test_reset_mails_a_link_that_works(posting: World) -> None:
    """To the person, under the public address; nobody else gets anything."""
    await (await posting.stranger()).ask("POST", "reset", {"email": " OLGA@example.org"})
    await (await posting.stranger()).ask("POST", "reset", {"email": "nobody@example.org"})
    await eventually(lambda: bool(posting.mail.sent))
    [(to, subject, text)] = posting.mail.sent
    [url] = [word for word in text.split() if word.startswith("http")]

    assert ("olga@example.org", "Your new botpulse password") == (to, subject)
    assert url.startswith("http://bots.example.org/set-password?link=")
    assert (200, "") == await use(posting, text_of(url))


@pytest.mark.parametrize(
    ("expected", "person"),
    [
        pytest.param("until 2023-11-15 13:13 (Asia/Tokyo):", VERA, id="reset"),
        pytest.param("until 2023-11-22 07:13 (Asia/Tokyo):", EVE, id="invitation"),
    ],
)
async def test_a_mail_says_until_when_its_link_holds(posting: World, expected: str, person: Person) -> None:
    """In the time zone of whom it is for."""
    await tell(posting.site.registry, msgspec.structs.replace(person, zone="Asia/Tokyo"))
    await posting.admin.ask("POST", f"people/{person.id}/link")

    assert expected in posting.mail.sent[0][2]


async def test_mailed_links_never_lead_where_the_request_says(world: World) -> None:
    """A stranger can write any host into a request."""
    world.mail.is_set = True
    await (await world.stranger()).ask("POST", "reset", {"email": "olga@example.org"}, Host="evil.example")
    await eventually(lambda: bool(world.mail.sent))

    assert "evil.example" not in world.mail.sent[0][2]


async def test_resets_are_limited_whether_known_or_not(posting: World) -> None:
    """Three for an e-mail, then it waits; that tells nothing."""
    stranger = await posting.stranger()
    for email in ("olga@example.org", "nobody@example.org"):
        statuses = [(await stranger.ask("POST", "reset", {"email": email}))[0] for _ in range(4)]
        assert [200, 200, 200, 429] == statuses


async def test_resets_are_limited_however_the_e_mail_is_written(posting: World) -> None:
    """Capitals, and accents as letters of their own, are the same account."""
    stranger = await posting.stranger()
    spellings = [
        one(email) for email in ("zo\u00eb@example.org", "zoe\u0308@example.org") for one in (str, str.upper)
    ]
    statuses = [(await stranger.ask("POST", "reset", {"email": email}))[0] for email in spellings]

    assert [200, 200, 200, 429] == statuses


async def test_without_a_mail_server_strangers_get_no_link(world: World) -> None:
    """And are told to ask an administrator."""
    assert (200, {"mailed": False}) == await (await world.stranger()).ask(
        "POST", "reset", {"email": "olga@example.org"}
    )


async def test_the_administrator_is_shown_a_link_without_a_mail_server(world: World) -> None:
    """It leads to the site as the administrator sees it, and works."""
    status, answer = await world.admin.ask("POST", "people/vera/link")

    assert (200, False) == (status, answer["mailed"])
    assert answer["link"].startswith(f"{world.site.url}/set-password?link=")
    assert (200, "") == await use(world, text_of(answer["link"]))


async def test_with_a_mail_server_the_link_goes_to_its_person_only(posting: World) -> None:
    """Not to who asks for it."""
    _, answer = await posting.admin.ask("POST", "people/vera/link")

    assert (True, None) == (answer["mailed"], answer["link"])
    assert [VERA.email] == [to for to, _, _ in posting.mail.sent]


async def test_a_mail_server_that_is_away_does_not_keep_people_out(posting: World) -> None:
    """Then the link is shown as if there were none."""
    posting.mail.is_open = False
    _, answer = await posting.admin.ask("POST", "people/vera/link")

    assert (False, True) == (answer["mailed"], answer["link"].startswith("http://bots.example.org/"))


@pytest.mark.parametrize(
    ("expected", "person"),
    [
        pytest.param((200, ""), "eve", id="somebody of the own bot only"),
        pytest.param((403, "not_allowed"), "vera", id="somebody of another bot too"),
        pytest.param((404, "unknown_person"), "p1", id="an administrator, of no bot"),
    ],
)
async def test_an_owner_gets_links_of_nobody_who_may_do_more(
    world: World, expected: tuple[int, str], person: str
) -> None:
    """Else a link would be a way up."""
    owner = await world.signed_in("olga@example.org")
    status, answer = await owner.ask("POST", f"people/{person}/link")

    assert expected == (status, answer.get("error", {}).get("code", ""))


async def test_no_link_for_who_is_disabled(world: World) -> None:
    """They are enabled first."""
    await tell(world.site.registry, msgspec.structs.replace(VERA, disabled_at=1))
    status, answer = await world.admin.ask("POST", "people/vera/link")

    assert (409, "disabled") == (status, answer["error"]["code"])


async def shown_to_owner(world: World) -> str:
    """Let an owner invite somebody, and return the link that they are shown."""
    owner = await world.signed_in(OLGA.email)
    _, answer = await owner.ask("POST", "people", {"email": "boss@example.org", "roles": {"pizza": "viewer"}})
    return text_of(answer["link"])


PROMOTIONS = [
    pytest.param(
        "POST", "people", {"email": "boss@example.org", "admin": True}, id="invited as administrator"
    ),
    pytest.param("PATCH", "people/{id}", {"admin": True}, id="made administrator"),
    pytest.param("PUT", "bots/plain/people/{id}", {"role": "viewer"}, id="a role in another bot"),
]


@pytest.mark.parametrize(("method", "path", "content"), PROMOTIONS)
async def test_a_link_that_an_owner_was_shown_is_no_way_up(
    world: World, method: str, path: str, content: dict[str, object]
) -> None:
    """Once its person may do more, it is of no use."""
    link = await shown_to_owner(world)
    boss = person_by_email(world.site.registry.state, "boss@example.org")
    assert boss
    await world.admin.ask(method, path.format(id=boss.id), content)

    assert (400, "link_used") == await use(world, link)


@pytest.mark.parametrize(("method", "path", "content"), PROMOTIONS)
async def test_a_password_that_an_owner_may_have_set_is_no_way_up(
    world: World, method: str, path: str, content: dict[str, object]
) -> None:
    """Neither their session nor the password holds once its person may do more; a new link leads in."""
    visitor = await world.stranger()
    link = await shown_to_owner(world)
    await visitor.ask("POST", "set-password", {"link": link, "password": CHOSEN})
    _, me = await visitor.ask("GET", "me")
    await world.admin.ask(method, path.format(id=me["id"]), content)

    assert 401 == (await visitor.ask("GET", "me"))[0]
    assert 401 == await visitor.sign_in("boss@example.org", CHOSEN)
    _, anew = await world.admin.ask("POST", f"people/{me['id']}/link")
    assert (200, "") == await use(world, text_of(anew["link"]), "another one of mine")
    assert not world.person(me["id"]).passed_on


async def test_reset_takes_no_more_than_an_address(world: World) -> None:
    """What is remembered of tries stays small."""
    stranger = await world.stranger()
    long, huge = f"{'x' * 300}@example.org", "x" * 5000

    assert [400, 413] == [(await stranger.ask("POST", "reset", {"email": one}))[0] for one in (long, huge)]
