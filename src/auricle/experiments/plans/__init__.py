"""Plans by name: each a YAML file of this folder that begins with a line on what it is for."""
