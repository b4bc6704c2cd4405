"""What makes a resource a dynamic one: the pickled provider among its inputs and outputs.

The bytes are in every state and never change. The class that they lead to is in `provider.py`.
"""

PROVIDER_KEY = "__provider"
"""The property that holds it."""

PROVIDER_BLOB = "gASVNwAAAAAAAACMFXB1bHVtaV90aW9uZS5wcm92aWRlcpSMFnRyYWluaW5nX3Rhc2tfcHJvdmlkZXKUk5QpUpQu"
"""The provider of `TrainingTask`, as `pulumi.dynamic.Resource` would write it: a call of
`pulumi_tione.provider.training_task_provider`.

It is stored in every state and must never change. `pulumi.dynamic.Resource` would pickle the provider anew for every
resource. Each pickling adds a wrapper to `pickle`, until a large program hits the recursion limit.
"""
