"""What makes a resource a dynamic one: the pickled provider among its inputs and outputs."""

PROVIDER_KEY = "__provider"
"""The property that holds it."""

PROVIDER_BLOB = "gASVNwAAAAAAAACMFXB1bHVtaV90aW9uZS5wcm92aWRlcpSMFnRyYWluaW5nX3Rhc2tfcHJvdmlkZXKUk5QpUpQu"
"""The provider of `TrainingTask`, as `pulumi.dynamic.Resource` would write it: a call of
`pulumi_tione.provider.training_task_provider`.

It is a constant, because it stands in every state and may never change. `pulumi.dynamic.Resource` pickles the provider
anew for every resource, each time through one more layer of a patch that it leaves behind in `pickle`, until some
provider of a large program exceeds the recursion limit.
"""
