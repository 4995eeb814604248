"""The pool's load as `/status` and `/api/v1/jobs` show it."""

from duetmind_adaptive.jobs.load import PoolLoad, TaskLoad
from duetmind_adaptive.jobs.memory import GB
from duetmind_adaptive.jobs.resources import Capacity, Grant
from duetmind_adaptive.service.load import resources, share_document, task_document

GRANT = Grant(id="1", cpu_cores=0.5, memory_gb=2, gpus=(3,))
RUNS = TaskLoad(label="retrain loans", job="j1", seconds=10, waits_for="", grant=GRANT, memory=GB // 2, cpu_seconds=4.5)
WAITS = TaskLoad(
    label="check loans",
    job="",
    seconds=1,
    waits_for="waits for 0.5 cores: 0.2 of 1 are free",
    grant=None,
    memory=None,
    cpu_seconds=None,
)
LOAD = PoolLoad(capacity=Capacity(cpu_cores=1, memory_gb=8, gpus=(3, 4)), granted=(GRANT,), waiting=1, processes=1)


def test_each_resource_says_what_is_reserved_and_how_many_wait_for_it() -> None:
    assert resources([LOAD], [RUNS, WAITS]) == {
        "cpu": {"total": 1, "reserved": 0.5, "waiting": 1},
        "memory_gb": {"total": 8, "reserved": 2, "used": 0.5, "waiting": 0},
        "gpu": {"total": 2, "reserved": 1, "waiting": 0},
    }


def test_a_running_task_shows_granted_beside_used() -> None:
    assert task_document(RUNS) == {
        "label": "retrain loans",
        "job": "j1",
        "waits_for": None,
        "granted": {"cpu": 0.5, "memory_gb": 2, "gpus": [3]},
        "used": {"seconds": 10, "cpu_seconds": 4.5, "memory_gb": 0.5},
    }


def test_a_waiting_task_shows_what_it_waits_for_and_a_job_that_is_over_nothing() -> None:
    assert task_document(WAITS)["waits_for"] == "waits for 0.5 cores: 0.2 of 1 are free"
    assert share_document(None) == {"waits_for": None, "granted": None, "used": None}
