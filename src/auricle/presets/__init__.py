"""presets: configurations by name, and what becomes of the prior work's.

The question this room answers: *which settings belong together?* A preset is a YAML file of this folder that holds
only what differs from the defaults and begins with a line on what it is for. `finding` knows them; `prior_work` is the
table from the prior work's settings to ours; `importing` applies it to a whole file.
"""

from auricle.presets.finding import PRESETS, find_config, preset_names

__all__ = ["PRESETS", "find_config", "preset_names"]
