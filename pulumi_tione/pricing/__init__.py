"""What a task costs an hour: by the service's own price list, as exact decimals, and unknown where it is unknown.

`price_list.py` asks the service, `task_price.py` computes the price of one task, `stack_costs.py` sums up a stack. The
limits on costs are in `lifecycle/cost_limits.py`.
"""
