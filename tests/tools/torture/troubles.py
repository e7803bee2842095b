"""troubles: what is done to crumbd and what is around it. A kind is a class; `act` does it once, somewhere in it, and says what it did;
`heal` ends what must not last. `cannot` says why it cannot be done here."""
import signal


class Trouble:
    name = None

    @classmethod
    def cannot(cls):
        return None

    def prepare(self, w):
        """Before anything is started."""

    def act(self, w):
        raise NotImplementedError

    def heal(self, w):
        pass


class Kill(Trouble):
    """kill -9, and started again at once or somewhat later."""
    name = "kill"

    def act(self, w):
        if not w.alive:
            return None
        w.daemon.kill()
        again_s = w.rnd.choice((0, 0, w.rnd.random()))
        w.down(-signal.SIGKILL, again_s)
        return "again after %.2f s" % again_s


class Rename(Trouble):
    """Logs are renamed, and their writers reopen them at once or only after some more lines."""
    name = "rename"

    def act(self, w):
        writer = w.rnd.choice(w.writers)
        late_s = w.rnd.choice((0, 0, w.rnd.random() * 0.3))
        new = writer.rotate(late_s=late_s)
        return "%s, reopened after %.2f s" % (new, late_s)


KINDS = {c.name: c for c in Trouble.__subclasses__()}
