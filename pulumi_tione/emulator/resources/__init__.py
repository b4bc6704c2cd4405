"""What exists besides tasks: node specs, frameworks, regions, registered resources, and the tag quota."""
