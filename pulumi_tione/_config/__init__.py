"""Where settings and credentials come from."""
