"""What exists besides tasks: node specs, frameworks, regions, registered resources, and the tag quota.

`catalogue.py` is what everybody can use, `registry.py` what a test registers. Rules about them are in
`rules/existence.py`.
"""
