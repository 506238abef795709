"""The nodes that cases are run against. All listen on 127.0.0.1 and keep their data in memory.

    standard    the default                 legacy     network.dialect = "legacy"
    users       with the users below        tls        speaks TLS
    mutual      speaks TLS and asks for the client's certificate
    own         one that this case alone has, and may kill
    cut_off     an own one behind a proxy that ends after so many bytes (@ kill_after)
"""

import pathlib
import socket
import subprocess
import threading
import time

PATIENCE = 30.0
ADMIN = ("alice", "correct horse")
READER = ("bob", 'say "hi"')


def free_port():
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def converse(port, lines):
    """Sends commands of the text protocol, and gives what comes back until the node closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(b"".join(b"%s\r\n" % line for line in [*lines, b"QUIT"]))
        return b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode(errors="replace")


class Node:
    """A process of merkle-kv."""

    def __init__(self, binary, folder, settings, login=()):
        self.binary, self.folder, self.login = binary, folder, login
        self.port = free_port()
        folder.mkdir()
        config = (f'node_id = "{folder.name}"\n[mqtt]\nenabled = false\n'
                  f"[network]\nbind_port = {self.port}\n{settings}")
        (folder / "node.toml").write_text(config)
        self.process = None
        self.start()

    def start(self):
        """Starts it, on the port that it had, and waits until it listens."""
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "--config", self.folder / "node.toml"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd=self.folder)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "log").read_text()
                    raise SystemExit(f"{self.binary} did not start:\n{said}") from None
                time.sleep(0.01)

    def kill(self):
        """Ends it at once, as a crash or a power cut would."""
        self.process.kill()
        self.process.wait()

    def empty(self):
        """Deletes what the case before has left."""
        if self.login is not None:
            converse(self.port, [*self.login, b"FLUSH"])

    def stop(self):
        """Ends it if it still runs."""
        if self.process.poll() is None:
            self.kill()


class CutOff:
    """A proxy before a node: after so many bytes of replies it kills the node and closes."""

    def __init__(self, node):
        self.node = node
        self.left = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        """Takes no further connection."""
        self.listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                node = socket.create_connection(("127.0.0.1", self.node.port))
            except OSError:
                client.close()
                continue
            for source, sink, counted in ((client, node, False), (node, client, True)):
                threading.Thread(target=self._pass_on, args=(source, sink, counted),
                                 daemon=True).start()

    def _pass_on(self, source, sink, counted):
        try:
            while piece := source.recv(1 << 16):
                if counted and self.left is not None:
                    if len(piece) >= self.left:
                        sink.sendall(piece[:self.left])
                        self.left = None
                        self.node.kill()
                        break
                    self.left -= len(piece)
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Nodes:
    """Starts each kind of node when it is first asked for, and ends all."""

    def __init__(self, binary, folder):
        self.binary = pathlib.Path(binary).resolve()
        self.folder = pathlib.Path(folder)
        self.running = {}
        self.count = 0

    def get(self, kind):
        """The shared node of this kind, emptied."""
        if kind not in self.running:
            self.running[kind] = self._make(kind)
        node = self.running[kind]
        node.empty()
        return node

    def own(self):
        """A node for one case."""
        self.count += 1
        return Node(self.binary, self.folder / f"own{self.count}", "")

    def transcript(self, name, dialect):
        """A node for one transcript."""
        return Node(self.binary, self.folder / name, f'dialect = "{dialect}"\n')

    def stop(self):
        """Ends all shared nodes."""
        for node in self.running.values():
            node.stop()

    def _make(self, kind):
        settings = {
            "standard": lambda: "",
            "legacy": lambda: 'dialect = "legacy"\n',
            "users": self._users,
            "tls": self._tls,
            "mutual": lambda: self._tls() + f'client_ca_file = "{self.folder}/ca.pem"\n',
        }[kind]()
        # What speaks TLS is not emptied: its cases do not mind.
        login = {"users": [f'AUTH {ADMIN[0]} "{ADMIN[1]}"'.encode()], "tls": None, "mutual": None}
        return Node(self.binary, self.folder / kind, settings, login.get(kind, []))

    def _users(self):
        file = self.folder / "users.toml"
        for (name, password), permissions in ((ADMIN, "read,write,admin"), (READER, "read")):
            subprocess.run(
                [self.binary, "user", "add", "--file", file, "--permissions", permissions, name],
                input=f"{password}\n".encode(), check=True, capture_output=True)
        return f'[security]\nusers_file = "{file}"\n[anti_entropy]\nenabled = false\n'

    def _tls(self):
        names = self.certificates()
        return (f'[tls]\nenabled = true\ncert_file = "{names["node"]}"\n'
                f'key_file = "{names["node_key"]}"\n')

    def certificates(self):
        """The files of an authority, of one that signed nothing, and of certificates and keys."""
        files = {name: str(self.folder / f"{name}.pem")
                 for name in ("ca", "other_ca", "node", "client")}
        files |= {f"{name}_key": str(self.folder / f"{name}.key") for name in ("node", "client")}
        if not pathlib.Path(files["client"]).exists():
            make_certificates(self.folder)
        return files


def make_certificates(folder):
    """Lets openssl make what docs/tls.md shows."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "other_ca"):
        openssl("req", "-x509", *curve, "-days", "2", "-keyout", f"{name}.key", "-out",
                f"{name}.pem", "-subj", f"/CN={name}", "-addext",
                "basicConstraints=critical,CA:TRUE", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    # Not every library can use a key of an elliptic curve for its own certificate.
    for name, key in (("node", curve), ("client", ("-newkey", "rsa:2048", "-nodes"))):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=node")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", f"{name}.pem")
