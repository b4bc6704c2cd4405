"""Stacks: the Pulumi CLI, states and their changes, pending creates, the orphan scan. Nothing here uses click.

`pulumi_cli.py` runs the CLI, `state.py` is what it exports, `state_edit.py` writes a state. `task_import.py` and
`pending_creates.py` are `pulumi-tione import`; `orphan_scan.py` and `orphan_cleanup.py` are `pulumi-tione orphans`;
`task_status.py` is `pulumi-tione status`.
"""
