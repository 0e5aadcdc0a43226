"""An S3 server on this machine, for tests of what lies in object stores: moto's, in a thread of this process.

It answers with what S3 answers: entity tags, conditional writes, multipart uploads, its own error codes. What it cannot
show is latency.
"""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "a-key-of-tests", "aws_secret_access_key": "no-secret"}


@dataclass
class S3Server:
    """A server with one bucket of its own.

    Attributes:
        bucket: Its name; no two servers of a process share it.
        endpoint: Where it answers: ``http://127.0.0.1:PORT``.
        asked: The requests so far, as ``GET /BUCKET/key``; clear it to count those that follow.
    """

    bucket: str = field(default_factory=lambda: f"auricle-{uuid.uuid4().hex[:8]}")
    endpoint: str = ""
    asked: list[str] = field(default_factory=list)
    _server: Any = None
    _client: Any = None

    def start(self) -> None:
        """Begin to answer, at the same address as before if there was one."""
        import boto3
        from botocore.config import Config
        from moto.server import ThreadedMotoServer

        port = int(self.endpoint.rpartition(":")[2]) if self.endpoint else 0
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        self._listen()
        given = {"endpoint_url": self.endpoint, "region_name": REGION, **KEYS}
        self._client = boto3.client("s3", config=Config(proxies={}), **given)

    def _listen(self) -> None:
        def note(record: logging.LogRecord) -> bool:
            line = record.args[0] if isinstance(record.args, tuple) else record.msg
            self.asked.append(str(line).partition(" HTTP")[0])
            return False

        log = logging.getLogger("werkzeug")
        log.setLevel(logging.INFO)
        log.filters[:] = [note]

    def stop(self) -> None:
        """Answer no more; what is stored stays, for `start`."""
        if self._server is not None:
            self._client.close()
            self._server.stop()
            self._server._server.server_close()
            self._server = None

    def url(self, name: str = "") -> str:
        """Return the URL of a folder or file in the server's bucket: ``s3://BUCKET/name``."""
        return f"s3://{self.bucket}/{name}".rstrip("/")

    def names(self, below: str = "") -> list[str]:
        """Return the keys in the bucket that begin with `below`, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=below)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def read(self, name: str) -> bytes:
        """Return what is stored under a key."""
        content: bytes = self._client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        return content

    def put(self, name: str, content: bytes) -> None:
        """Store under a key, as another machine would."""
        self._client.put_object(Bucket=self.bucket, Key=name, Body=content)

    def remove(self, name: str) -> None:
        """Remove a key, as another machine would."""
        self._client.delete_object(Bucket=self.bucket, Key=name)

    def environment(self) -> dict[str, str]:
        """Return the variables that AWS's tools, and a process of auricle's, find the server by."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/nowhere",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Serve S3 while the body runs, with one empty bucket; the environment names it and its credentials.

    Example, as a fixture of a room::

        @pytest.fixture
        def s3() -> Iterator[S3Server]:
            with s3_server() as server:
                yield server

    A test then uses ``s3.url("sounds")``, ``s3.names()``, ``s3.read("sounds/rain.wav")``.
    """
    server = S3Server()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            patch.delenv(name, raising=False)
        server.start()
        for name, value in server.environment().items():
            patch.setenv(name, value)
        server._client.create_bucket(Bucket=server.bucket)
        try:
            yield server
        finally:
            server.stop()
