"""The guide's system: the monitor, and automated trainings whose models it watches, in one working folder.

    FOLDER/
        system.json            what the system was told, and which training's model serves
        duetmind.yaml          the same for `duetmind run`
        duetmind.db            the daemon's store: versions, checks, events
        daemon.lock            held by the one process that works here, the daemon's or ours
        reference-….parquet    what the system was initialised with
        production/            the windows that were checked
        models/NAME/           versions, and the link to the one that serves
        pipelines/NAME/        named pipelines of one's own
        training/ID/           one order: order.json, the results of its finished steps, results.json at its end

Public names are those of `duetmind_adaptive.training.automation_system`.
"""
