"""Waiting in the program for the status of a task."""
