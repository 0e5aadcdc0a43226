"""Keeping libraries quiet: what they print is no news to whoever waits for a result; their errors are raised."""

import importlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("sentence_transformers", "huggingface_hub")


@contextmanager
def quiet(*libraries: str) -> Iterator[None]:
    """Silence progress bars, logs, warnings and telemetry, and restore them afterwards.

    Args:
        libraries: Of the family of transformers, besides itself: ``diffusers``. They are imported.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chatters = [importlib.import_module(f"{name}.utils.logging") for name in ("transformers", *libraries)]
        before = [(chatter, chatter.get_verbosity(), chatter.is_progress_bar_enabled()) for chatter in chatters]
        loggers = [logging.getLogger(name) for name in _LOGGERS]
        levels = [logger.level for logger in loggers]
        for chatter in chatters:
            chatter.set_verbosity(logging.CRITICAL)
            chatter.disable_progress_bar()
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for chatter, verbosity, bars in before:
                chatter.set_verbosity(verbosity)
                if bars:
                    chatter.enable_progress_bar()
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
