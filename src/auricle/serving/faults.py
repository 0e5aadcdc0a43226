"""What is said when there is no answer: every fault is a sentence, on the page and in JSON."""

from auricle.errors import AudioError, AuricleError, ConfigError, DataError

_STATUSES: tuple[tuple[type[AuricleError], int], ...] = ((ConfigError, 400), (DataError, 404), (AudioError, 422))


def status_of(error: AuricleError) -> int:
    """Return the status of an answer that says what is wrong.

    Example:
        >>> status_of(DataError("The index has no window '0f-0'."))
        404
    """
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
