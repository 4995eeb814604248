"""What every test runs under: one thread for numeric libraries, because the suite itself uses every core, and no clock.

How long a hypothesis example takes says something of the machine, nothing of the law. Logging is as the test found it.
"""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from duetmind_adaptive.jobs.share import one_thread_each

one_thread_each()
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    """A command that sets logging up writes to the standard error of its own test, which is closed for the next."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """A Ray cluster of one node with two cores."""
    from ray_head import RayHead

    with RayHead() as head:
        yield head.address
