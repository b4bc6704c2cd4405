"""The declared fields: their types, their wire form, what identifies a task."""
