"""Environments: a stack for each branch, brought up, taken down, stopped, started, listed and reaped."""
