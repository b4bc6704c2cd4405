"""A stand-in for Tencent Cloud's own Pulumi plugin: four resources, nothing created in the cloud.

`resources` declares the four as data, `account` is what stands for the cloud, `tasks` asks the local TI-ONE what runs
where, and `plugin` answers the Pulumi engine.
"""
