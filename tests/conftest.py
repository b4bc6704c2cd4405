"""The fixtures that several folders of tests share."""

pytest_plugins = ["local_tione", "boundary_support", "engine_support"]
