"""A process that works on a sweep, for ``auricle sweep --workers``."""

from auricle.experiments.sweep.worker import main

if __name__ == "__main__":
    main()
