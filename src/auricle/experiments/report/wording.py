"""How the numbers of a report are said: values, differences, intervals and p-values, the same everywhere.

Conventions: three decimals, a true minus sign, intervals in square brackets. A p-value is never said to be 0.
"""

import math
from collections.abc import Sequence

from auricle.evaluation.ranks import MEDIAN_RANK

NOTHING = "–"
_DIRECTIONS = {"text_to_audio": "text → audio", "audio_to_text": "audio → text"}


def split_measure(measure: str) -> tuple[str, str]:
    """Return direction and name of a measure.

    Example:
        >>> split_measure("text_to_audio/mAP@10")
        ('text_to_audio', 'mAP@10')
    """
    direction, _, name = measure.partition("/")
    return direction, name


def direction_name(direction: str) -> str:
    """Return a direction as a person reads it.

    Example:
        >>> direction_name("text_to_audio")
        'text → audio'
    """
    return _DIRECTIONS.get(direction, direction)


def measure_name(measure: str) -> str:
    """Return a measure as a person reads it.

    Example:
        >>> measure_name("text_to_audio/mAP@10")
        'mAP@10 (text → audio)'
    """
    direction, name = split_measure(measure)
    return f"{name} ({direction_name(direction)})"


def lower_is_better(measure: str) -> bool:
    """Return whether a smaller value is the better one."""
    return split_measure(measure)[1] == MEDIAN_RANK


def value(number: float, measure: str = "") -> str:
    """Return a value of a measure.

    Example:
        >>> value(0.12345), value(2.5, "text_to_audio/median rank"), value(math.nan)
        ('0.123', '2.5', '–')
    """
    return _signed(number, measure, plus="")


def difference(number: float, measure: str = "") -> str:
    """Return a difference with its sign.

    Example:
        >>> difference(0.0126), difference(-0.1), difference(-0.0001)
        ('+0.013', '−0.100', '0.000')
    """
    return _signed(number, measure, plus="+")


def interval(low: float, high: float, measure: str = "", *, signed: bool = False) -> str:
    """Return an interval.

    Example:
        >>> interval(-0.1, 0.25, signed=True), interval(math.nan, math.nan)
        ('[−0.100, +0.250]', '–')
    """
    if math.isnan(low) or math.isnan(high):
        return NOTHING
    say = difference if signed else value
    return f"[{say(low, measure)}, {say(high, measure)}]"


def p_value(number: float) -> str:
    """Return a p-value after its letter.

    Example:
        >>> p_value(0.0421), p_value(0.00009), p_value(math.nan)
        ('p 0.042', 'p < 0.001', '–')
    """
    if math.isnan(number):
        return NOTHING
    return f"p {number:.3f}" if number >= 0.001 else "p < 0.001"


def with_spread(mean: float, standard_deviation: float, measure: str = "") -> str:
    """Return a mean and how far single values are from it.

    Example:
        >>> with_spread(0.7, 0.0123), with_spread(0.7, math.nan)
        ('0.700 ± 0.012', '0.700')
    """
    spread = "" if math.isnan(standard_deviation) else f" ± {value(standard_deviation, measure)}"
    return value(mean, measure) + spread


def percent(share: float) -> str:
    """Return a share of 1.

    Example:
        >>> percent(0.95)
        '95 %'
    """
    return f"{100 * share:.0f} %"


def listed(words: Sequence[str]) -> str:
    """Return words as a part of a sentence.

    Example:
        >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
        ('a', 'a and b', 'a, b and c')
    """
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def span(numbers: Sequence[float]) -> str:
    """Return one number, or from the smallest to the largest.

    Example:
        >>> span([180, 180]), span([1200, 90]), span([])
        ('180', '90 to 1,200', '–')
    """
    if not numbers:
        return NOTHING
    low, high = (f"{number:,.6g}" if number < 1e6 else f"{number:,.0f}" for number in (min(numbers), max(numbers)))
    return low if low == high else f"{low} to {high}"


def _signed(number: float, measure: str, *, plus: str) -> str:
    if math.isnan(number):
        return NOTHING
    said = f"{abs(number):.{1 if measure and lower_is_better(measure) else 3}f}"
    sign = "" if not float(said) else "−" if number < 0 else plus
    return sign + said
