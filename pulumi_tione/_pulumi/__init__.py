"""What touches Pulumi below its public interface.

Each use is behind a guard: without the internal name, the package works with less comfort (decision 5). The provider
uses `request.py`, `server.py`, `log.py`, `error_response.py`, `partial_result.py` and `secret_values.py`; a program
`options.py`, `properties.py`, `output_values.py`, `stack_config.py`, `lazy_outputs.py`, `run_mode.py`, `command.py` and
`exports.py`. `tests/boundary/test_without_internals.py` removes each name in turn.
"""
