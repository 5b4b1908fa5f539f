"""What the buckets contain, on disk: each object in a file of its own, and moto's records, which name these files."""

import pickle
import uuid
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, s3_backends


class Contents:
    """Reads what was saved; `save` writes what changed since."""

    def __init__(self, folder: Path) -> None:
        self._records = folder / "records"
        self._objects = folder / "objects"
        self._objects.mkdir(mode=0o700, exist_ok=True)
        if self._records.exists():
            with self._records.open("rb") as records:
                backend = Reader(records, self._objects).load()
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"] = backend
            for name in backend.buckets:
                s3_backends.bucket_accounts[name] = ("aws", DEFAULT_ACCOUNT_ID)

    def save(self) -> None:
        """The records are replaced in one step, after the objects that they name; others are then removed."""
        buffer = self._records.with_suffix(".new")
        with buffer.open("wb") as records:
            writer = Writer(records, self._objects)
            writer.dump(s3_backends[DEFAULT_ACCOUNT_ID]["aws"])
        buffer.replace(self._records)
        for file in self._objects.iterdir():
            if file.name not in writer.named:
                file.unlink()


class Writer(pickle.Pickler):
    def __init__(self, records: Any, objects: Path) -> None:
        super().__init__(records)
        self._objects = objects
        self.named: set[str] = set()

    def reducer_override(self, item: Any) -> Any:
        if not isinstance(item, FakeKey):
            return NotImplemented
        state = {name: value for name, value in vars(item).items() if name not in ("_value_buffer", "lock")}
        return new_key, (), {**state, "value": Named(self._file_of(item))}

    def _file_of(self, item: FakeKey) -> str:
        # An object never changes; a new one takes its place.
        file = vars(item).setdefault("file", uuid.uuid4().hex)
        self.named.add(file)
        if not (self._objects / file).exists():
            (self._objects / file).write_bytes(item.value)
        return file

    def persistent_id(self, item: Any) -> str | None:
        return item.file if isinstance(item, Named) else None


class Named:
    """Stands for the contents of a file."""

    def __init__(self, file: str) -> None:
        self.file = file


class Reader(pickle.Unpickler):
    def __init__(self, records: Any, objects: Path) -> None:
        super().__init__(records)
        self._objects = objects

    def persistent_load(self, pid: str) -> bytes:
        return (self._objects / pid).read_bytes()


def new_key() -> Any:
    """An empty one, which its `__setstate__` fills."""
    return FakeKey.__new__(FakeKey)
