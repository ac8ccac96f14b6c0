# SPDX-License-Identifier: BSD-3-Clause
"""A wire of net_memif between two processes, whose client may end while the server polls.

When its peer ends, the driver (DPDK 22.11) unmaps the rings and the buffers from its interrupt thread, and asks nobody. A
thread that polls may be inside them at that time, and mostly is where both share a CPU: the process ends with a segmentation
fault in the driver. Neither side can be ended first without that, unless the other one has been told to stop polling, too.

So what the two say to each other on their socket (messages, and the files of the memory that they share) goes through here,
and the end of the client does not: the server keeps its memory, and polls rings in which nothing happens any more. A server
has one client for that, then.
"""

import array
import contextlib
import os
import select
import socket
import struct
import threading

DISCONNECT = 8  # a message's type, which is its first two bytes
MESSAGE_MAX = 4096
FILES_MAX = 8


class Wire:
    """In a folder of its own, as a context: server and client are what --port takes, as the process's device of that number."""

    def __init__(self, folder, number=0):
        self.path = os.path.join(folder, 'server')
        own = os.path.join(folder, 'client')
        self.server, self.client = (f'net_memif{number},role={role},socket={path},socket-abstract=no'
                                    for role, path in (('server', self.path), ('client', own)))
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(own)
        self.listener.listen(1)
        self.ends = []

    def __enter__(self):
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *_):
        """When both have ended."""
        for sock in (self.listener, *self.ends):
            sock.close()

    def is_served(self):
        """Whether the server listens: a client would wait for that in vain, for 2 s."""
        return os.path.exists(self.path)

    def run(self):
        with contextlib.suppress(OSError):  # the server is not there, or all is over
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.ends += [client, server]
            server.connect(self.path)
            while True:
                for sock in select.select((client, server), (), ())[0]:
                    if not pass_on(sock, server if sock is client else client, sock is client):
                        return


def pass_on(sock, other, of_client):
    """One message, with its files. Returns False when there will be no more."""
    data, files, _, _ = socket.recv_fds(sock, MESSAGE_MAX, FILES_MAX)
    try:
        is_last = not data or struct.unpack_from('=H', data)[0] == DISCONNECT
        if not is_last:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', files))] if files else []
            other.sendmsg([data], rights)
        elif not of_client:
            other.close()
    finally:
        for file in files:
            os.close(file)
    return not is_last
