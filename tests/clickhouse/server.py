"""ClickHouse's HTTP interface in front of a ClickHouse engine in this process (the package chdb-core).

The engine is the real one: parser, MergeTree tables, materialized views. What is written here is the way to it,
as far as a client of the HTTP interface uses it: a query in the body or in the URL, settings in the URL, rows in
the body of an INSERT, user and password in headers. A few queries run at a time, each with settings of its own.

    python server.py --data DIR [--port N] [--user NAME --password SECRET] [--with-parent]

prints `listening on http://127.0.0.1:PORT` and serves until it is killed, which it survives: what was answered is
in DIR.
"""

import argparse
import hmac
import os
import queue
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb.state.sqlitelike import Connection

# Queries at a time.
SESSIONS = 4
# Parameters of the URL that are not settings.
NOT_SETTINGS = {"query", "database", "default_format", "query_id", "session_id", "role"}
INSERT = re.compile(r"^\s*(INSERT\s+INTO\s.*?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)


class Engine:
    """The engine: as many queries at a time as there are sessions."""

    def __init__(self, path):
        self.free = queue.SimpleQueue()
        for _ in range(SESSIONS):
            self.free.put(Session(path))

    def run(self, *query):
        """Runs a query, or inserts rows; gives the bytes of the answer."""
        session = self.free.get()
        try:
            return session.run(*query)
        finally:
            self.free.put(session)


class Session:
    """A connection to the engine with a database and settings of its own, one query at a time."""

    def __init__(self, path):
        self.connection = Connection(path)
        self.database = "default"

    def run(self, sql, rows, database, settings, output):
        if database != self.database:
            self.connection.query(f"USE `{database}`")
            self.database = database
        try:
            for name, value in settings:
                self.connection.query(f"SET {name} = '{quoted(value)}'")
            return self.insert(sql, rows) if rows is not None else self.select(sql, output)
        finally:
            for name, _ in settings:
                self.connection.query(f"SET {name} = DEFAULT")

    def select(self, sql, output):
        answer = self.connection.query(sql, output)
        return answer.bytes() or b""

    def insert(self, sql, rows):
        head, rows_format = INSERT.match(sql).groups()
        # What breaks off before its end is not inserted.
        with self.connection.send_insert(head, rows_format) as insert:
            for piece in rows:
                insert.append(piece)
            insert.finish()
        return b""


def read(pieces):
    """What is left of them, in one."""
    return b"".join(pieces)


def quoted(text):
    return text.replace("\\", "\\\\").replace("'", "\\'")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer leave together, and at once: else each answer waits for the acknowledgement of its head.
    wbufsize = -1
    disable_nagle_algorithm = True
    engine = None
    credentials = None

    def do_GET(self):
        self.serve(iter(()))

    def do_POST(self):
        self.serve(self.pieces())

    def serve(self, body):
        url = urlsplit(self.path)
        if url.path == "/ping":
            return self.answer(200, b"Ok.\n")
        if not self.allowed():
            read(body)
            return self.answer(403, b"Code: 516. DB::Exception: Authentication failed: password is incorrect.", 516)
        parameters = parse_qsl(url.query, keep_blank_values=True)
        named = dict(parameters)
        sql = named.get("query", "")
        rows = body if INSERT.match(sql) else None
        if rows is None:
            sql += read(body).decode()
        settings = [(name, value) for name, value in parameters if name not in NOT_SETTINGS]
        output = named.get("default_format", "TabSeparated")
        try:
            answer = self.engine.run(sql, rows, named.get("database", "default"), settings, output)
        except Exception as error:  # the engine's exceptions have no type of their own
            read(body)
            text = str(error)
            code = re.search(r"Code: (\d+)", text)
            return self.answer(500, text.encode(), int(code.group(1)) if code else 1002)
        return self.answer(200, answer)

    def allowed(self):
        if self.credentials is None:
            return True
        given = (self.headers.get("X-ClickHouse-User", ""), self.headers.get("X-ClickHouse-Key", ""))
        return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, self.credentials))

    def pieces(self):
        """The body, as it comes."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def answer(self, status, body, code=None):
        self.send_response(status)
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A client that goes away is nothing to speak of.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--with-parent", action="store_true", help="end when the standard input is closed")
    options = parser.parse_args()
    if options.with_parent:
        threading.Thread(target=end_with_parent, daemon=True).start()
    Handler.engine = Engine(options.data)
    if options.user is not None:
        Handler.credentials = (options.user, options.password)
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


main()
