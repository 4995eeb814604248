"""The daemon's engine as a library: one model, frames instead of files, calls instead of a schedule.

Only this differs from the daemon: a window is the frame that is handed over (and kept as a Parquet file, so that the
engine reads it as any other), its metrics may be stated by the caller, and what the policy asks for is recommended
and carried out when the caller says so. The verdicts, the policy, the channels, the actions and the store are the
daemon's own. Public names are those of `duetmind_adaptive.training.enhanced_drift_monitoring`.
"""
