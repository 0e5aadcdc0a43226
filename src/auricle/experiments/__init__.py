"""experiments: many runs, one story.

The question this room answers: *does it help, and is that real?* A plan or a space goes in, runs come out, and one
report tells what they say together::

    plan, arms       what is compared: data, from which the configuration of every run follows
    runner           makes the runs of a plan, resumable, over several processes
    story            finished runs, arm by arm: what a report tells
    sweep            the search for the best configuration
    report           one page and tables from a story
"""
