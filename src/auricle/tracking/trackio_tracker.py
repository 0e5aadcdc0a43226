"""trackio: runs on a page of this machine, ``trackio show --project auricle``.

Its store is the user's, since its page shows the runs of a project side by side: ``$TRACKIO_DIR``, else a folder in
Hugging Face's. What an earlier sitting kept is replaced by all rows. It keeps settings and rows, which fit it, but no
pictures and tables. What fails inside it is a warning of a thread; the first one is raised at the end.
"""

import contextlib
import os
import warnings
from typing import Any

from auricle.tracking.contract import Outcome, Row, TrackedRun

_ELSEWHERE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_WEBHOOK_URL", "TRACKIO_BUCKET_ID")


class TrackioTracker:
    """Keeps a run as trackio does, on this machine only."""

    def begin(self, run: TrackedRun) -> None:
        """Begin, under a name that no other run has."""
        os.environ |= {
            "HF_HUB_OFFLINE": "1",  # else it asks the hub whose token there is
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "GRADIO_ANALYTICS_ENABLED": "False",
        }
        for name in _ELSEWHERE:
            os.environ.pop(name, None)
        self._complaints: list[str] = []
        warnings.showwarning = self._note  # its threads warn too, so that no context would do
        import trackio

        name = f"{run.name}-{run.id}"
        with contextlib.suppress(ValueError):  # there is no such project yet
            for earlier in trackio.Api().runs(run.project):
                if earlier.name == name:
                    earlier.delete()
        self._run: Any = trackio.init(
            project=run.project,
            name=name,
            config=dict(run.config),
            auto_log_cpu=False,
            auto_log_gpu=False,
            embed=False,
        )

    def log(self, row: Row) -> None:
        """Keep a row at its step."""
        self._run.log({name: value for name, value in row.items() if name != "step"}, step=int(row["step"]))

    def finish(self, outcome: Outcome | None) -> None:  # noqa: ARG002 - it has no place for one
        """Write what is still in memory."""
        self._run.finish()
        if self._complaints:
            raise RuntimeError(self._complaints[0])

    def _note(self, message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if category is UserWarning:
            self._complaints.append(str(message))
