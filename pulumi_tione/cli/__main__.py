"""`python -m pulumi_tione.cli`: the command line where `pulumi-tione` is not on PATH.

A new command is a module next to this one, registered with `main.add_command` at the end of `cli/__init__.py`.
"""

from pulumi_tione.cli import main

main(prog_name="pulumi-tione")
