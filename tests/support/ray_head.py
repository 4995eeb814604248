"""A Ray head of the tests' own: on a free port of loopback, in a folder of its own, gone with the test."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil

#: seconds until a head must answer
START = 120


class RayHead:
    """`with RayHead() as head`: `head.address` is what an executor is told."""

    def __enter__(self) -> Self:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self._folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
        # Ray asks for a token by default; head and clients of these tests share one that nothing else knows
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        words = [
            "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=2",
            "--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={self._folder.name}",
            f"--memory={4 * 1024**3}", f"--object-store-memory={100 * 1024**2}",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", *words],
            env=os.environ | {"PYTHONPATH": paths}, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said = ""
        for line in self._process.stdout or ():
            said += line
            if "Ray runtime started" in line:
                whole = psutil.Process(self._process.pid)
                self._all = [whole, *whole.children(recursive=True)]
                return self
        raise AssertionError(f"the Ray head did not start: {said}")

    @contextmanager
    def another_node(self, cores: int) -> Iterator[None]:
        """A second node of the same machine, while the block lasts."""
        words = [
            "start", f"--address={self.address}", "--block", f"--num-cpus={cores}", "--disable-usage-stats",
            f"--memory={1024**3}", f"--object-store-memory={100 * 1024**2}",
        ]  # fmt: skip
        node = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", *words], env=os.environ, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield
        finally:
            whole = psutil.Process(node.pid)
            processes = [*whole.children(recursive=True), whole]
            for process in processes:
                process.kill()
            psutil.wait_procs(processes, timeout=20)
            node.wait()

    def kill_head(self) -> None:
        """The head is gone without a good-bye; its node and what runs there live on for the moment."""
        for process in self._all:
            if "gcs_server" in process.name() or process.pid == self._process.pid:
                process.kill()

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        _, alive = psutil.wait_procs(self._all, timeout=20)
        for process in alive:
            process.kill()
        self._process.communicate()
        self._folder.cleanup()
