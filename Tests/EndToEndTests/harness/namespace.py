"""A network namespace of a test's own: the machine's rules and addresses stay as they are."""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import threading

import pytest

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8913, 0x8914, 0x8916, 1
PROGRAMS = "/usr/sbin:/sbin:/usr/bin:/bin"

# What capturing takes; None where it can be tested.
if os.geteuid() != 0 or not shutil.which("nft", path=PROGRAMS):
    MISSING = "takes root and the program nft (package nftables)"
else:
    MISSING = None


def own_address():
    """An address of this machine that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address beyond loopback")
        return probe.getsockname()[0]


def raise_loopback(*addresses):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16sh", fcntl.ioctl(
            control, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))[:18])[1]  # fmt: skip
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
        for number, address in enumerate(addresses, 1):
            place = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16s16s", f"lo:{number}".encode(), place))


def apart(body, addresses=(), seconds=60):
    """Runs `body` where nobody else's network is, and what it starts as well. Loopback is up there
    and has these addresses besides."""
    failures = []

    def enter():
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            raise_loopback(*addresses)
            body()
        except BaseException as failure:  # noqa: BLE001 - handed to the test
            failures.append(failure)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "the test did not end"
    if failures:
        raise failures[0]
