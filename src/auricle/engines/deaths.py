"""How often workers may be killed before the work is given up."""

from auricle import progress
from auricle.errors import AuricleError

MOST = 3
"""Workers that one shard may cost."""


class Deaths:
    """Counts the workers that were killed, by what they were doing."""

    def __init__(self) -> None:
        self._of: dict[int, int] = {}

    def count(self, shard: int, *, cause: BaseException) -> None:
        """Count a death.

        Args:
            shard: What the worker was doing.
            cause: What told of it.

        Raises:
            AuricleError: If the same shard has cost too many.
        """
        self._of[shard] = self._of.get(shard, 0) + 1
        if self._of[shard] == MOST:
            raise AuricleError(
                f"Workers were killed {MOST} times at the same work, perhaps because memory ran out. What was done is "
                "kept; run the same command with fewer workers."
            ) from cause
        progress.say("A worker was killed; what it was doing goes on in another.")
