"""run: one run of some kinds with one seed, from its beginning to its verdict."""
from torture import oracle, troubles, world

MOST = 6000


def run(t, kinds, seed, seconds, most=MOST):
    """-> the figures of oracle.judge; raises harness.Failure, and leaves in t.dir what there is to read."""
    for name in kinds:
        why = troubles.KINDS[name].cannot(t.crumbd_path)
        if why:
            t.skip("%s: %s" % (name, why))
    t.sent_besides = True  # by daemons that were ended before they had the answer
    w = world.World(t, seed, seconds, most)
    acts = [troubles.KINDS[name]() for name in kinds]
    try:
        for trouble in acts:
            trouble.prepare(w)
        w.begin()
        w.torture(acts)
        oracle.wait_for_all(w)
        ledger_at_end(t, w)
        figures = oracle.judge(w)
        if "clock" in kinds:
            w.up.files.clear()  # no times to be checked
        return figures
    finally:
        w.over.set()
        for writer in w.logs + w.senders:
            writer.over.set()
        w.close_log()
        t.write("diary", "".join(w.diary))


def ledger_at_end(t, w):
    if w.blocked_log:
        w.terminate(0)
    else:
        w.daemon.stop()
    if not w.damaged:
        t.check_stores()
