"""Stacks: the Pulumi CLI, states and their changes, pending creates, the orphan scan. Nothing here uses click."""
