"""The benchmark of platforms' readers: what it says with and without payloads, and what loading them costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.corpus import corpus_rows, measure_corpus


def test_a_missing_corpus_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without payloads there is one row, and it names the setting."""
    monkeypatch.setenv("BOTPULSE_SHARED", str(tmp_path))

    remark = f"none in {tmp_path}/payloads; BOTPULSE_SHARED says where reference material lies"

    assert [("payloads", "-", remark)] == corpus_rows(measure_corpus(rounds=1))


def test_every_platform_and_all_have_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies are unpacked by their platform's hook, read, and summed up."""
    bodies = {
        "kik/a.json": b'{"messages":[{"type":"text","id":"1","from":"ada","body":"Hi"},{"type":"text","id":"2"}]}',
        "wechat/b.xml": b"<xml><MsgType>text</MsgType><FromUserName>ada</FromUserName><MsgId>1</MsgId></xml>",
    }
    for name, body in bodies.items():
        path = tmp_path / "payloads" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
    monkeypatch.setenv("BOTPULSE_SHARED", str(tmp_path))
    measured = measure_corpus(rounds=1)

    assert {"kik": (1, 2), "wechat": (1, 1), "all": (2, 3)} == {
        platform: (of["bodies"], of["events"]) for platform, of in measured.items()
    }
    assert ["kik", "wechat", "all"] == [what.partition(",")[0] for what, _, _ in corpus_rows(measured)]


def test_readers_load_no_cryptography() -> None:
    """Workers read bodies and verify nothing: what only webhooks need is not loaded with the platforms."""
    script = "import sys, app.core.normalise; print(*{'jwt', 'cryptography'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "" == done.stdout.strip()
