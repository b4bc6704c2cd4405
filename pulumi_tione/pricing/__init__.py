"""What a task costs an hour: by the service's own price list, as exact decimals, and unknown where it is unknown."""
