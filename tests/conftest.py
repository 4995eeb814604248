"""What every test runs under: one thread for numeric libraries, because the suite itself uses every core, and no clock.

How long a hypothesis example takes says something of the machine, nothing of the law.
"""

from hypothesis import HealthCheck, settings

from duetmind_adaptive.jobs.worker import one_thread_each

one_thread_each()
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
