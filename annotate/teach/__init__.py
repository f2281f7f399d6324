"""A stance model that learns from people's own decisions."""
