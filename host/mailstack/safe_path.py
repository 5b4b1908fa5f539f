"""Files and directories of the host, reached without following a link that anybody but root can have made.

Root works on trees that daemons own, and the owner of a directory can put a link in the place of anything in it. So a
path is opened component by component (openat(2) with O_NOFOLLOW), and owner and mode are set on what was opened. A link
is followed only in a directory that root alone can write to, and above which the same holds: there an administrator or
the system made it (/var/run, a merged /usr). No other module may change files by path; host/ruff.toml and
tests/test_safe_path.py see to that.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .errors import MailstackError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a FIFO without a writer must not hold root up.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_LINKS = 40
# No file that this program reads is larger; a sparse one must not fill the memory.
_LARGEST = 64 * 1024 * 1024


class Refused(MailstackError):
    """Something else stands where a file or directory of ours should: a link, a FIFO, another kind."""


@dataclass(frozen=True)
class _Place:
    descriptor: int
    path: str
    # Root alone can have made what is in it.
    trusted: bool


def _trusted(state: os.stat_result) -> bool:
    others_write = state.st_mode & stat.S_IWOTH or (state.st_mode & stat.S_IWGRP and state.st_gid != 0)
    return state.st_uid == 0 and not others_write


def _root() -> str:
    return os.environ.get("MAILSTACK_ROOT", "")


def _refusal(path: str, kind: str) -> Refused:
    shown = path.removeprefix(_root())
    return Refused(f"{shown} is {kind}: root does not touch it; look who made it, remove it, and try again")


@contextmanager
def _folder(path: str, last_may_be_link: bool = True) -> Iterator[_Place]:
    """The directory, opened. Raises `FileNotFoundError`, or `Refused` for a link or another kind on the way."""
    places: list[_Place] = []

    def begin() -> None:
        close()
        descriptor = os.open(_root() or "/", _DIRECTORY)
        places.append(_Place(descriptor, "", _trusted(os.fstat(descriptor))))

    def close() -> None:
        while places:
            os.close(places.pop().descriptor)

    try:
        begin()
        todo = path.removeprefix(_root()).split("/")[::-1]
        links = 0
        while todo:
            name, here = todo.pop(), places[-1]
            if name == ".." and len(places) > 1:
                os.close(places.pop().descriptor)
            if name in ("", ".", ".."):
                continue
            child = f"{here.path}/{name}"
            try:
                descriptor = os.open(name, _DIRECTORY, dir_fd=here.descriptor)
            except OSError as error:
                if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                    error.filename = child
                    raise
                goal = _link(here, name)
                links += 1
                if goal is None:
                    raise _refusal(child, "not a directory") from None
                if not here.trusted or links > _MOST_LINKS or not (todo or last_may_be_link):
                    raise _refusal(child, f"a link (to {goal}), not a directory") from None
                if goal.startswith("/"):
                    begin()
                todo += goal.split("/")[::-1]
                last_may_be_link = True
                continue
            places.append(_Place(descriptor, child, here.trusted and _trusted(os.fstat(descriptor))))
        yield places[-1]
    finally:
        close()


def _link(here: _Place, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=here.descriptor)
    except OSError:
        return None


@contextmanager
def _parent(path: str) -> Iterator[tuple[int, str]]:
    """Descriptor of the directory around, and the name in it. Errors name the whole path."""
    folder, name = os.path.split(path)
    with _folder(folder) as place:
        try:
            yield place.descriptor, name
        except OSError as error:
            error.filename, error.filename2 = path, None
            raise


def state(path: str) -> os.stat_result | None:
    """What stands there, a link as a link; nothing when there is none."""
    try:
        with _parent(path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def directory_state(path: str, declared: bool = True) -> os.stat_result | None:
    """Of a directory; nothing when there is none. Raises for another kind; a declared one must not be a link at all."""
    try:
        with _folder(path, not declared) as place:
            return os.fstat(place.descriptor)
    except FileNotFoundError:
        return None


def link_target(path: str) -> str:
    """Where the link leads."""
    with _parent(path) as (folder, name):
        return os.readlink(name, dir_fd=folder)


def names_in(path: str) -> list[str]:
    """What is in the directory, sorted; nothing when there is none."""
    try:
        with _folder(path) as place:
            return sorted(os.listdir(place.descriptor))
    except FileNotFoundError:
        return []


def open_file(path: str, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """Descriptor of a regular file. Raises for any other kind, also for one with a second name where others write."""
    with _folder(os.path.dirname(path)) as place:
        name = os.path.basename(path)
        try:
            descriptor = os.open(name, flags | _FILE, mode, dir_fd=place.descriptor)
        except OSError as error:
            error.filename = path
            if error.errno == errno.ELOOP:
                raise _refusal(path, f"a link (to {_link(place, name)}), not a file") from None
            # A FIFO that is opened for writing, or a socket.
            if error.errno == errno.ENXIO:
                raise _refusal(path, "not a file") from None
            raise
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and (place.trusted or found.st_nlink == 1):
            return descriptor
        os.close(descriptor)
        raise _refusal(path, "a file with another name elsewhere" if stat.S_ISREG(found.st_mode) else "not a file")


def read(path: str) -> tuple[bytes, os.stat_result]:
    """A file's content, and its owner, mode and size at that moment."""
    with open(open_file(path), "rb") as file:
        content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise _refusal(path, "too large")
        return content, os.fstat(file.fileno())


def write_new(path: str, content: bytes, mode: int, uid: int = 0, gid: int = 0, changed: float | None = None) -> None:
    """Makes a file that must not exist, never readable by others on the way, and syncs it. `changed`: its age."""
    with _parent(path) as (folder, name):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE
        with open(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), uid, gid)
            os.fchmod(file.fileno(), mode)
            file.flush()
            if changed is not None:
                os.utime(file.fileno(), times=(changed, changed))
            os.fsync(file.fileno())


def copy_new(source: str, path: str, mode: int, uid: int = 0, gid: int = 0) -> None:
    """As `write_new`, with the content of a file of any size."""
    write_new(path, b"", mode, uid, gid)
    with open(open_file(source), "rb") as kept, open(open_file(path, os.O_WRONLY), "wb") as made:
        shutil.copyfileobj(kept, made, 1 << 20)
        made.flush()
        os.fsync(made.fileno())


def symlink(target: str, path: str) -> None:
    """Makes a link."""
    with _parent(path) as (folder, name):
        os.symlink(target, name, dir_fd=folder)


def link(path: str, second: str) -> None:
    """A second name for what stands there; a link itself gets one, not its target."""
    with _parent(path) as (folder, name), _parent(second) as (other, new):
        os.link(name, new, src_dir_fd=folder, dst_dir_fd=other, follow_symlinks=False)


def rename(path: str, new_path: str) -> None:
    """Replaces what stands at the new path."""
    with _parent(path) as (folder, name), _parent(new_path) as (other, new):
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=other)


def remove(path: str) -> bool:
    """Removes a file or link; tells whether there was one."""
    try:
        with _parent(path) as (folder, name):
            os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def remove_tree(path: str) -> None:
    """Removes a directory with all that is in it, if it is there; links in it are not followed."""
    if directory_state(path) is None:
        return
    with _parent(path) as (folder, name):
        shutil.rmtree(name, dir_fd=folder)


def make_directory(path: str, mode: int = 0o700) -> None:
    """For root alone at first; see `set_ownership`."""
    with _parent(path) as (folder, name):
        os.mkdir(name, mode, dir_fd=folder)


def make_directories(path: str) -> None:
    """With the missing ones above it, all root's and 0755."""
    if directory_state(path, declared=False) is None:
        make_directories(os.path.dirname(path))
        make_directory(path, 0o755)


def set_ownership(path: str, uid: int, gid: int, mode: int) -> None:
    """Of a directory. What is put in its place meanwhile stays as it is."""
    with _folder(path, last_may_be_link=False) as place:
        os.fchown(place.descriptor, uid, gid)
        os.fchmod(place.descriptor, mode)


def remove_directory(path: str) -> None:
    """Only when it is empty."""
    with _parent(path) as (folder, name):
        os.rmdir(name, dir_fd=folder)


def sync_directory(path: str) -> None:
    """Makes renames and removals in a directory last. A directory that is gone needs none."""
    try:
        with _folder(path) as place:
            os.fsync(place.descriptor)
    except FileNotFoundError:
        return


def own_tree(path: str, uid: int, gid: int) -> None:
    """Changes the owner of a directory and everything in it; modes stay, links are not followed."""
    with _folder(path, last_may_be_link=False) as place:
        os.fchown(place.descriptor, uid, gid)
        for _, folders, files, here in os.fwalk(".", dir_fd=place.descriptor):
            for name in (*folders, *files):
                os.chown(name, uid, gid, dir_fd=here, follow_symlinks=False)
