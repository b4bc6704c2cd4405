"""What Pulumi's calls mean for a training task: a module per verb, plain dicts in and out.

`inputs` are what check has let pass, `outputs` what is recorded in the state, `detail` is the answer of
DescribeTrainingTask and `body` a request. Their keys are property names, those of a detail and a body wire names.

`provider.py` calls `check`, `diff`, `create`, `read`, `update` and `delete`, each in the module of that name. `stop.py`
and `delete.py` stop tasks, `existence.py` decides what is gone, `create_lookup.py`, `name_conflict.py` and
`leftovers.py` keep a create from making a second task.
"""
