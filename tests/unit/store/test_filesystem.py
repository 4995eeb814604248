"""Which mount holds a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from duetmind_adaptive.store.filesystem import network_type, network_type_of

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:41 / /srv rw - nfs4 host:/export rw
41 40 0:42 / /srv/fast rw - xfs /dev/vdb rw
42 22 0:43 / /home/me/far rw - fuse.sshfs me@host: rw
43 22 0:44 / /mnt rw - tmpfs tmpfs rw
44 43 0:45 / /mnt rw - cifs //host/share rw
a line the kernel would not write
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/lib/duetmind/duetmind.db", None),
        ("/srv/state/duetmind.db", "nfs4"),
        ("/srv/fast/duetmind.db", None),
        ("/srvfast/duetmind.db", None),
        ("/home/me/far/x/y.db", "fuse.sshfs"),
        ("/mnt/x.db", "cifs"),
    ],
)
def test_the_innermost_and_latest_mount_decides(path, expected):
    assert network_type(Path(path), MOUNTS) == expected


def test_this_machines_temporary_folder_is_local(tmp_path):
    assert network_type_of(tmp_path / "x.db") is None
