"""Istio's default access-log line, taken apart."""

import re

_NAMES = (
    "start_time method path protocol response_code response_flags response_code_details "
    "connection_termination_details upstream_transport_failure_reason bytes_received bytes_sent "
    "duration upstream_service_time x_forwarded_for user_agent request_id authority upstream_host "
    "upstream_cluster upstream_local_address downstream_local_address downstream_remote_address "
    "requested_server_name route_name"
).split()

_QUOTED = r'"([^"]*)"'
_BARE = r"(\S+)"
_LINE = re.compile(
    r"\[([^\]]+)\] "
    + r'"(\S+) (\S+) (\S+)" '
    + " ".join([_BARE] * 4)
    + f" {_QUOTED} "
    + " ".join([_BARE] * 4)
    + " "
    + " ".join([_QUOTED] * 5)
    + " "
    + " ".join([_BARE] * 6)
)

JSON_KEYS = frozenset(_NAMES)


def parse(line):
    """A dictionary with the keys of Istio's JSON log. Fails on any other shape of line."""
    match = _LINE.fullmatch(line)
    assert match, f"not Istio's default access-log line: {line!r}"
    return dict(zip(_NAMES, match.groups()))
