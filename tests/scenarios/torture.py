"""A short form of tests/torture: several kinds of trouble at once, and every numbered error arrives once."""
from torture import run


def scenario_torture(t):
    """Killed, ended, paused, its lines in halves, its logs rotated twice within 20 ms, upstream and network as they may be: 2500 numbers, each once."""
    kinds = ["kill", "term", "stop", "rename", "burst", "half", "upstream", "down", "network"]
    print(run.run(t, kinds, seed=12, seconds=5, most=2500))
