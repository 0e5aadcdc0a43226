"""Back ends whose code runs in another interpreter.

A model that is on no registry comes as a folder of code: its packages have names such as `api` and `src`, its paths are
relative to that folder, it needs versions that auricle does not, and it prints. In a process of its own it disturbs
nobody, and when it dies or hangs it is started again.

::

    this process                                       the other interpreter
    process.py ── a request, a line of JSON ─────────> script.py ──> a file with load() and generate()
               <───────── an answer, a line of JSON ──
               <───── waveforms, .npy files in a folder of this process's
               <───── all that is printed; the last 50 lines are kept

`protocol.py` says what the lines are. One request at a time; each has a time limit. A worker that ends, is too slow or
says what is no answer is ended and started once more for the same batch.
"""
