"""What the operator writes: the YAML's pydantic models, its loading with line numbers, and its defaults."""
