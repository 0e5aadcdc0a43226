"""tracking: what else may read along while a run is made."""
