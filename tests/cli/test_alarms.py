"""``zhenzan alarms`` says what is wrong where what answers is not what was hoped for."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from zhenzan.cli import main


class Served:
    """What stands in the way, such as a proxy: it keeps what it was asked, and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, object]] = []
        self.answer: tuple[int, bytes] = (200, b"{}")
        self.headers: dict[str, str] = {}
        self.url = ""


@pytest.fixture
def served() -> Generator[Served]:
    told = Served()

    class Handler(BaseHTTPRequestHandler):
        def answered(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            told.asked.append((self.command, self.path, self.headers["Authorization"], body))
            self.send_response(told.answer[0])
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.answer[1])

        do_GET = do_POST = answered  # noqa: N815  what the base class calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def run(served, tmp_path, capsys) -> Callable[..., tuple[int, str]]:
    (tmp_path / "key").write_text("zz_key\n", "utf-8")

    def told(*words: str, key: bool = True, url: str = served.url) -> tuple[int, str]:
        more = ["--key-file", str(tmp_path / "key")] if key else []
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with pytest.raises(SystemExit) as left:
                main(["alarms", *words, "--url", url, *more])
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
        out = capsys.readouterr()
        return int(left.value.code or 0), out.out + out.err

    return told


def test_a_refusal_is_told_in_the_words_of_the_service(served, run):
    problem = {"detail": "the roles held do not allow it", "detail_zh": "所持角色无此权限"}
    served.answer = (403, json.dumps(problem).encode())
    code, out = run("acknowledge", "x")
    assert code == 2
    assert "answered 403: the roles held do not allow it / 所持角色无此权限" in out


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"detail": 1}'])
def test_what_is_no_service_is_named(served, run, body):
    served.answer = (502, body)
    assert "answered 502: no reason was given" in run("list")[1]
    served.answer = (200, b"<html>")
    assert "does not answer as the service does" in run("list")[1]


def test_a_redirection_is_not_followed_with_the_key(served, run):
    served.answer, served.headers = (302, b""), {"Location": f"{served.url}/elsewhere"}
    assert "answered 302" in run("list")[1]
    assert len(served.asked) == 1


def test_without_key_or_address_nothing_is_asked(served, run, monkeypatch):
    monkeypatch.delenv("ZHENZAN_KEY", raising=False)
    assert "no key was given" in run("list", key=False)[1]
    assert "is no address" in run("list", url="file:///etc/hosts")[1]
    assert served.asked == []
    code, out = run("list", url="http://127.0.0.1:1")
    assert code == 2 and "is `zhenzan serve` running there?" in out
