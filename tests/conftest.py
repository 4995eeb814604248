"""What every test runs under: one thread for numeric libraries, because the suite itself uses every core."""

from duetmind_adaptive.jobs.worker import one_thread_each

one_thread_each()
