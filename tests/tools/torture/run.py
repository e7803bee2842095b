"""run: one run of some kinds with one seed, from its beginning to its verdict."""
import harness

from torture import oracle, troubles, world


def run(t, kinds, seed, seconds, most=6000):
    """-> the figures of oracle.judge; raises harness.Failure, and leaves in t.dir what there is to read."""
    w = world.World(t, seed, seconds, most)
    acts = [troubles.KINDS[name]() for name in kinds]
    w.store = t.path("crumbd.db")
    for trouble in acts:
        trouble.prepare(w)
    try:
        w.begin()
        w.torture(acts)
        oracle.wait_for_all(w)
        w.daemon.stop()
        t.check_stores()
        return oracle.judge(w)
    finally:
        for writer in w.writers:
            writer.over.set()
        t.write("diary", "".join(line + "\n" for line in w.done))
