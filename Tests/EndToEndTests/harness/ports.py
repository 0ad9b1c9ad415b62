"""Free TCP ports on the loopback.

Ports come from below the kernel's ephemeral range, so that no outgoing connection of a test takes
a port between the moment it was found free and the moment a process binds it; and no port is
handed out twice in one run.
"""

import os
import random
import socket

_handed_out = set()
_source = random.Random(os.getpid())


def free_port(address="127.0.0.1"):
    """A port nobody listens on at `address`."""
    for _ in range(2000):
        port = _source.randrange(12000, 32000)
        if port in _handed_out:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
        _handed_out.add(port)
        return port
    raise RuntimeError("no free port between 12000 and 32000")
