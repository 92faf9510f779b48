"""What may be set, and what this part's promises rest on."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhenzan.broker.client import make_consumer, make_producer
from zhenzan.broker.options import BrokerOptions, read_client_file
from zhenzan.errors import BrokerError


def test_a_topic_has_one_use():
    with pytest.raises(BrokerError, match="topic `answers` is named for two uses"):
        BrokerOptions("127.0.0.1:1", topic_revisions="answers")


def test_no_promise_can_be_set_away(tmp_path: Path):
    path = tmp_path / "client.yaml"
    path.write_text("enable.auto.offset.store: true\n")
    with pytest.raises(BrokerError, match=r"sets `enable.auto.offset.store`; offsets are given"):
        read_client_file(path)


def test_settings_of_the_client_reach_it(tmp_path: Path):
    path = tmp_path / "client.yaml"
    path.write_text("security.protocol: ssl\nenable.ssl.certificate.verification: true\n")
    told = read_client_file(path)
    assert told["enable.ssl.certificate.verification"] == "true"
    options = BrokerOptions("127.0.0.1:1", client={**told, "no.such.setting": "1"})
    with pytest.raises(BrokerError, match=r"cannot be set up.*no\.such\.setting"):
        make_producer(options)
    with pytest.raises(BrokerError, match=r"no\.such\.setting"):
        make_consumer(options)


@pytest.mark.parametrize("text", ["- a\n", "a: [\n"])
def test_a_file_of_another_shape_is_told(tmp_path: Path, text: str):
    path = tmp_path / "client.yaml"
    path.write_text(text)
    with pytest.raises(BrokerError, match=r"client\.yaml"):
        read_client_file(path)
