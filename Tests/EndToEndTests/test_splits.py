"""The same message in every division of its bytes means the same.

TCP has no packets as far as HTTP is concerned; a parser that sees a boundary where the network
put one is wrong in a way that only shows under load.
"""

import json
import threading
import time

import pytest

REQUEST_BODY = (
    b"6;name=value\r\nhello \r\n"
    b"5\r\nworld\r\n"
    b"00\r\n"
    b"X-Checksum: 5eb6\r\n"
    b"X-Empty:\r\n"
    b"\r\n"
)

RESPONSE = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/plain\r\n"
    b"X-Many: \tone, two \r\n"
    b"Transfer-Encoding: chunked\r\n"
    b"\r\n"
    b"6;name=value\r\nhello \r\n"
    b"5\r\nworld\r\n"
    b"0\r\n"
    b"X-Checksum: 5eb6\r\n"
    b"\r\n"
)

BATCH = 48


def whole(lane):
    fields = ["X-Case: KeptAsIs", "Transfer-Encoding: chunked", "Trailer: X-Checksum"]
    return lane.head("POST /split?a=b HTTP/1.1", *fields) + REQUEST_BODY


def check(response):
    assert response.status == 200, response.first
    seen = json.loads(response.body)
    assert (seen["method"], seen["target"]) == ("POST", "/split?a=b")
    assert seen["body"] == "hello world"
    assert ["X-Case", "KeptAsIs"] in seen["headers"]
    assert ["X-Checksum", "5eb6"] in seen["trailers"]


def test_a_request_split_in_two_at_any_byte_is_the_same_request(lane):
    data = whole(lane)
    for begin in range(1, len(data), BATCH):
        places = range(begin, min(begin + BATCH, len(data)))
        wires = [lane.wire() for _ in places]
        for wire, place in zip(wires, places):
            wire.send(data[:place])
        time.sleep(0.03)  # the first parts are read before the second ones are sent
        for wire, place in zip(wires, places):
            wire.send(data[place:])
        for wire, place in zip(wires, places):
            try:
                check(wire.response())
            except Exception as failure:
                pytest.fail(f"split at byte {place} of {data!r}: {failure}")
            wire.close()


def test_a_request_sent_byte_by_byte_is_the_same_request(lane):
    data = whole(lane)
    with lane.wire() as wire:
        for place in range(len(data)):
            wire.send(data[place : place + 1])
            time.sleep(0.001)
        check(wire.response())


def test_two_requests_split_at_any_byte_are_two_requests(lane):
    data = whole(lane)
    both = data + lane.head("GET /second HTTP/1.1")
    for begin in range(len(data) - 40, len(both), BATCH):
        places = range(begin, min(begin + BATCH, len(both)))
        wires = [lane.wire() for _ in places]
        for wire, place in zip(wires, places):
            wire.send(both[:place])
        time.sleep(0.03)
        for wire, place in zip(wires, places):
            wire.send(both[place:])
        for wire in wires:
            check(wire.response())
            assert json.loads(wire.response().body)["target"] == "/second"
            wire.close()


def test_a_response_split_in_two_at_any_byte_is_the_same_response(lane):
    def script(connection):
        while request := connection.read_all():
            place = int(request.target[1:])
            connection.send(RESPONSE[:place])
            time.sleep(0.02)
            connection.send(RESPONSE[place:])

    lane.upstream.script = script
    failures = []

    def client(places):
        with lane.wire() as wire:
            for place in places:
                try:
                    response = wire.request(lane.head(f"GET /{place} HTTP/1.1"))
                    assert response.status == 200
                    assert response.body == b"hello world"
                    assert response.get("x-many") == "one, two"
                except Exception as failure:
                    failures.append(f"split at byte {place}: {failure!r}")
                    return

    clients = 12
    threads = [
        threading.Thread(target=client, args=(range(1 + n, len(RESPONSE), clients),))
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_a_response_sent_byte_by_byte_is_the_same_response(lane):
    def script(connection):
        while connection.read_all():
            for place in range(len(RESPONSE)):
                connection.send(RESPONSE[place : place + 1])
                time.sleep(0.001)

    lane.upstream.script = script
    response = lane.get()
    assert (response.status, response.body) == (200, b"hello world")
    assert (b"X-Checksum", b"5eb6") in response.trailers
