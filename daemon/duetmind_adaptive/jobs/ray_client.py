"""The client of a Ray cluster, a process of its own; its words are a descriptor, an address and the grace in seconds.

`import ray` costs seconds and 100 MB, `ray.init` replaces the handler of SIGTERM, and Ray ends its client's process
when the head is lost: none of that may happen to a daemon or to a person's notebook. Orders come and answers go as
frames of pickled pairs over a socket pair that nobody else can open; when it closes, everything ends.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import sys
from importlib import import_module
from typing import Any

from duetmind_adaptive.errors import WorkerDiedError
from duetmind_adaptive.jobs.memory import GB
from duetmind_adaptive.jobs.ray_crew import RayCrew
from duetmind_adaptive.jobs.ray_hand import Job
from duetmind_adaptive.jobs.wire import HEADER, pack_error

#: seconds between two looks at the cluster's head, and looks in vain after which it is lost
LOOK, LOOKS = 5.0, 3
#: whose actors are ours
NAMESPACE = "duetmind"


class Client:
    """Serves one executor."""

    def __init__(self, crew: RayCrew, writer: asyncio.StreamWriter) -> None:
        self._crew = crew
        self._writer = writer
        self._jobs: dict[int, asyncio.Task[None]] = {}

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Take orders until the other end hangs up; then end what still runs."""
        while (message := await receive(reader)) is not None:
            word, content = message
            if word == "run":
                self._jobs[content.number] = asyncio.create_task(self._run(content))
            elif word == "wish":
                await asyncio.to_thread(_ask_autoscaler, content)
            elif content in self._jobs:
                self._jobs[content].cancel()
        for job in self._jobs.values():
            job.cancel()
        await asyncio.gather(*self._jobs.values(), return_exceptions=True)

    async def _run(self, job: Job) -> None:
        try:
            answer = await self._crew.run(job, lambda lines: send(self._writer, "printed", (job.number, lines)))
        except asyncio.CancelledError:
            answer = b""  # whoever asked does not look at it, but waits for it: the processes are dead
        except Exception as error:  # noqa: BLE001 - supervision: whatever Ray raises is the job's end, not the client's
            reason = " ".join(str(error).split())
            answer = pack_error(WorkerDiedError(f"The worker of job {job.label} on the Ray cluster died: {reason}"))
        del self._jobs[job.number]
        send(self._writer, "answer", (job.number, answer))


async def receive(reader: asyncio.StreamReader) -> tuple[str, Any] | None:
    """The next pair; None when the other end has hung up."""
    try:
        (size,) = HEADER.unpack(await reader.readexactly(HEADER.size))
        return pickle.loads(await reader.readexactly(size))  # noqa: S301 - both ends are ours
    except (asyncio.IncompleteReadError, OSError):
        return None


def send(writer: asyncio.StreamWriter, word: str, content: object) -> None:
    """Send one pair."""
    packed = pickle.dumps((word, content), protocol=pickle.HIGHEST_PROTOCOL)
    writer.write(HEADER.pack(len(packed)) + packed)


def nodes_of(ray: Any) -> tuple[tuple[float, float, int], ...]:
    """Cores, gigabytes and GPUs of each living node."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return tuple((has.get("CPU", 0.0), has.get("memory", 0.0) / GB, int(has.get("GPU", 0))) for has in alive)


def _ask_autoscaler(cores: int) -> None:
    """Have the cluster grow to so many cores, where it can; 0 lets it shrink as far as it likes."""
    import_module("ray.autoscaler.sdk").request_resources(num_cpus=cores)


async def _watch_nodes(ray: Any, writer: asyncio.StreamWriter, nodes: tuple[tuple[float, float, int], ...]) -> None:
    """Tell of nodes that come and go."""
    while True:
        await asyncio.sleep(LOOK)
        found = await asyncio.to_thread(nodes_of, ray)
        if found != nodes:
            nodes = found
            send(writer, "nodes", (0, nodes))


async def _watch_head(address: str) -> None:
    """Return when the head has not been there for several looks."""
    host, _, port = address.rpartition(":")
    missed = 0
    while missed < LOOKS:
        await asyncio.sleep(LOOK)
        try:
            async with asyncio.timeout(LOOK):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.close()
            missed = 0
        except (OSError, TimeoutError):
            missed += 1


async def _main(channel: socket.socket, address: str, grace: float) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    try:
        ray = import_module("ray")
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, include_dashboard=_dashboard(address))
    except Exception as error:  # noqa: BLE001 - Ray raises what it likes; the sentence goes to whoever asked
        send(writer, "refused", " ".join(str(error).split()))
        await writer.drain()
        return
    send(writer, "ready", nodes := nodes_of(ray))
    watching = asyncio.ensure_future(_watch_nodes(ray, writer, nodes))
    client = Client(RayCrew(ray, grace), writer)
    serving = asyncio.ensure_future(client.serve(reader))
    lost = asyncio.ensure_future(_watch_head(ray.get_runtime_context().gcs_address))
    await asyncio.wait({serving, lost}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        os._exit(1)  # Ray's own shutdown would wait for the head
    watching.cancel()
    ray.shutdown()


def _dashboard(address: str) -> bool | None:
    """Ray refuses the argument where it does not start the cluster."""
    return False if address == "local" else None


if __name__ == "__main__":
    asyncio.run(_main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], float(sys.argv[3])))
