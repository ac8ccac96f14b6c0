# SPDX-License-Identifier: BSD-3-Clause
"""What weir talks to: nginx, and servers on Python's sockets with threads of their own."""

import contextlib
import os
import socket
import threading

import lab as labs

NGINX = '''
daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 65536;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 32768; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        {listen}
        location / {{ return 200 "{body}"; }}
    }}
}}
'''
BACKLOG = 16384


def nginx(lab, body_bytes=64):
    """nginx at ports 80 and 8080 of the peer's addresses, with a body of that size for every request."""
    folder = os.path.dirname(labs.scratch(''))
    conf = os.path.join(folder, 'nginx.conf')
    with open(conf, 'w', encoding='ascii') as f:
        listen = [f'listen {family.at(port, family.peer)} backlog={BACKLOG};'
                  for family in lab.families for port in (80, 8080)]
        f.write(NGINX.format(folder=folder, listen=' '.join(listen), body='x' * body_bytes))
    lab.peer.sysctl('net/core/somaxconn', BACKLOG)
    lab.peer.sysctl('net/ipv4/tcp_max_syn_backlog', BACKLOG)
    with open(os.path.join(folder, 'nginx.log'), 'wb') as log:
        process = lab.start(lab.peer, 'nginx', '-p', folder, '-c', conf, '-e', 'stderr', stdout=log, stderr=log)

    def answers():
        if process.poll() is not None:
            with open(log.name, encoding='utf-8') as f:
                raise AssertionError(f'nginx ended: {f.read()}')
        with contextlib.suppress(OSError), lab.connect(address=lab.family.peer):
            return True

    labs.until(answers, what='an answer of nginx')
    return process


class Server:
    """Accepts at a port of the peer's, in the lab's family, and has serve(sock) do the rest, a thread for each connection."""

    def __init__(self, lab, serve, port=7):
        with lab.peer:
            self.listener = socket.socket(lab.family.af, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((lab.family.peer, port))
        self.listener.listen(1024)
        self.serve = serve
        self.served = 0
        self.errors = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                threading.Thread(target=self.one, args=(sock,), daemon=True).start()

    def one(self, sock):
        try:
            with sock:
                self.serve(sock)
        except OSError as error:
            self.errors.append(error)
        self.served += 1

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def echo(sock):
    """Sends back what comes, until the other side is done."""
    while data := sock.recv(65536):
        sock.sendall(data)


def drain(sock):
    """Everything until the other side's FIN."""
    parts = []
    while part := sock.recv(1 << 18):
        parts.append(part)
    return b''.join(parts)


def exchange(sock, data):
    """Sends data and a FIN from a thread, while this one reads all that comes. Returns that."""
    errors = []

    def send():
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            errors.append(error)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    got = drain(sock)
    sender.join(10)
    if errors:
        raise errors[0]
    return got
