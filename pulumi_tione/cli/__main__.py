"""`python -m pulumi_tione.cli`: the command line where `pulumi-tione` is not on PATH.

A new command is a module next to this one, registered in `_MODULES` of `cli/__init__.py`. If it takes `--cwd` and
`--stack`, it is also named in `_COMMANDS_IN_A_STACK` there.
"""

from pulumi_tione.cli import main

main(prog_name="pulumi-tione")
