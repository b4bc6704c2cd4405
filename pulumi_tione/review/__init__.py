"""A review of what a preview would change: what starts, stops or starts over, why, on what hardware, at what price."""
