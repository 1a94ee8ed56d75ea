"""A web server on this machine that sends whatever a test says, byte for byte, and keeps what it was asked."""

import socket
import ssl
import subprocess
from contextlib import contextmanager, suppress
from threading import Thread


class ImageServer:
    """Answers each connection, one after the other, with what its path stands for in `answers`."""

    def __init__(self, host="127.0.0.1", context=None):
        self.listener = socket.create_server((host, 0))
        self.host, self.port = self.listener.getsockname()
        self.context = context
        self.answers = {}
        self.asked = []
        self.thread = Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://{self.host}:{self.port}"

    def send(self, path, body=b"", status="200 OK", length=None, **headers):
        """Lets a path answer with these bytes; `length` is what Content-Length says, False for no such header."""
        if length is not False:
            headers["Content-Length"] = len(body) if length is None else length
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.answers[path] = [f"HTTP/1.1 {status}\r\n{lines}\r\n".encode(), body]

    def redirect(self, path, place, status="302 Found"):
        self.send(path, status=status, Location=place)

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._answer(self.context.wrap_socket(connection, server_side=True) if self.context else connection)

    def _answer(self, connection):
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65_536)
                if not piece:
                    return
                request += piece
            self.asked.append(request.decode())
            for piece in self.answers[request.split(b" ")[1].decode()]:
                connection.sendall(piece)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@contextmanager
def image_server(host="127.0.0.1", context=None):
    server = ImageServer(host, context)
    yield server
    server.close()


def certified(folder, name):
    """The context of a server that proves to be `name`, and the file with the certificate that clients must trust."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    named = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*command.split(), *named, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
