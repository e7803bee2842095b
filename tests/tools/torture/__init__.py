"""torture: what tests/torture is made of.

    writing.py    who writes numbered errors, and remembers where each went
    world.py      one run: its crumbd, its upstream, its writers, what is broken at the moment
    troubles.py   what is done to them, by kind
    oracle.py     what has to hold at the end, from what was written and what arrived
"""
