"""Free ports on the loopback interface."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the range from which operating systems take the local ports of outgoing connections (Linux from 32768,
# macOS from 49152): while a server restarts, nobody's connection takes its port.
RANGE = range(20000, 32000)


def free_ports(count: int) -> list[int]:
    """As many different ports, free at this moment; whoever uses them must be ready to try others."""
    ports: list[int] = []
    for port in random.sample(RANGE, k=len(RANGE)):
        if len(ports) == count:
            break
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            ports.append(port)
    return ports
