"""presets: configurations by name."""
