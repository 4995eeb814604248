"""Is a path on a local file system? SQLite's WAL shares memory between connections, which network mounts cannot.

Pure but for reading `/proc/self/mountinfo`; where that does not exist (not Linux), nothing is refused.

Source: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "beegfs", "glusterfs", "davfs"}
)
#: the same behind FUSE
NETWORK_FUSE_TYPES = frozenset(
    {"fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse", "fuse.davfs"}
)


def network_type(path: Path, mounts: str) -> str | None:
    r"""The type of the network file system that holds `path`, given the text of mountinfo; None when it is local.

    >>> mounts = "22 1 254:0 / / rw - ext4 /dev/vda rw\n40 22 0:41 / /srv/my\\040data rw shared:1 - nfs4 host:/x rw"
    >>> network_type(Path("/srv/my data/state/duetmind.db"), mounts)
    'nfs4'
    >>> network_type(Path("/srv/other"), mounts) is None
    True
    """
    longest, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = PurePosixPath(_unescape(fields[4]))
        # of two mounts on one point the later hides the earlier
        if path.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), after.split(" ", 1)[0]
    return kind if kind in NETWORK_TYPES | NETWORK_FUSE_TYPES else None


def network_type_of(path: Path) -> str | None:
    """`network_type` with the machine's own mounts."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    return network_type(path.resolve(), mounts)


def _unescape(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
