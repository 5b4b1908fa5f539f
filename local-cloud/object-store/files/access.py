"""Who may do what: access.json, which the emulated API writes, as users of moto's IAM.

{"owner": {"accessKey", "secretKey"}, "endpoints": [NAME], "buckets": {LABEL: NAME}, "keys": [{"accessKey",
"secretKey", "read": [LABEL], "write": [LABEL]}]}. The owner is the emulated API; only it makes and removes buckets.
moto's own code checks the signature of the headers, but nothing checks that a body is the one that was signed. A
signature in the address is refused.
"""

import json
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import S3IAMRequest
from moto.iam.models import iam_backends
from moto.s3.exceptions import S3ClientError
from werkzeug.datastructures import EnvironHeaders

READ = ["s3:Get*", "s3:List*", "s3:HeadBucket"]
NOT_BY_KEYS = {"Effect": "Deny", "Action": ["s3:CreateBucket", "s3:DeleteBucket"], "Resource": "*"}

Refusal = tuple[str, str, str]


class Signature(S3IAMRequest):
    """Of the address as it was sent; moto itself looks at a decoded one, and refuses most that had to be encoded."""

    def __init__(self, environ: dict[str, Any]) -> None:
        method, address = environ["REQUEST_METHOD"], environ["RAW_URI"]
        headers: Any = EnvironHeaders(environ)
        super().__init__(DEFAULT_ACCOUNT_ID, method, address, {}, b"", headers, "")


check_signature = S3IAMRequest.check_signature
S3IAMRequest.check_signature = lambda self: None


class Access:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._version = (0, 0)
        self._endpoints: set[str] = set()
        self._buckets: dict[str, str] = {}

    def refusal(self, environ: dict[str, Any]) -> Refusal | None:
        """What moto does not refuse itself: HTTP status, S3's code and a message."""
        self._refresh()
        if "HTTP_AUTHORIZATION" not in environ:
            return "403 Forbidden", "AccessDenied", "The request is not signed"
        bucket, endpoint = place_of(environ, self._endpoints)
        if bucket and self._buckets.get(bucket) != endpoint:
            return "404 Not Found", "NoSuchBucket", f"No bucket {bucket} at {endpoint}"
        try:
            check_signature(Signature(environ))
        except S3ClientError as error:
            return "403 Forbidden", error.code, error.message
        return None

    def _refresh(self) -> None:
        now = self._file.stat()
        version = (now.st_ino, now.st_mtime_ns)
        if version == self._version:
            return
        settings = json.loads(self._file.read_text())
        iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
        iam.reset()
        add_user(iam, settings["owner"], [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])
        for key in settings["keys"]:
            rules = [
                {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{label}", f"arn:aws:s3:::{label}/*"]}
                for actions, labels in ((READ, key["read"]), ("s3:*", key["write"]))
                for label in labels
            ]
            add_user(iam, key, [*rules, NOT_BY_KEYS])
        self._endpoints = set(settings["endpoints"])
        self._buckets = settings["buckets"]
        self._version = version


def add_user(iam: Any, key: dict[str, str], rules: list[dict[str, Any]]) -> None:
    name = key["accessKey"]
    iam.create_user("us-east-1", name)
    made = iam.create_access_key(name)
    # moto would choose them; these are in the API's state.
    made.access_key_id, made.secret_access_key = key["accessKey"], key["secretKey"]
    iam.put_user_policy(name, "buckets", json.dumps({"Version": "2012-10-17", "Statement": rules}))


def place_of(environ: dict[str, Any], endpoints: set[str]) -> tuple[str, str]:
    """Bucket and endpoint of a request; the bucket is in the path or before the endpoint's name."""
    host = environ.get("HTTP_HOST", "").split(":")[0].lower()
    if host in endpoints:
        return environ.get("PATH_INFO", "").split("/")[1], host
    bucket, _, endpoint = host.partition(".")
    return bucket, endpoint
