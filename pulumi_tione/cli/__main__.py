"""`python -m pulumi_tione.cli`: the command line where `pulumi-tione` is not on PATH.

The commands are registered in `cli/__init__.py`.
"""

from pulumi_tione.cli import main

main(prog_name="pulumi-tione")
