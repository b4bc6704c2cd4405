"""A review of what a preview would change: what starts, stops or starts over, why, on what hardware, at what price.

`preview.py` reads the JSON of Pulumi, `build.py` makes the review (`model.py`) of it with `findings.py` and
`prices.py`, and `gates.py` decides whether it fails. `formatting.py` has the words of all forms; `markdown.py`,
`text.py` and `json_format.py` are the forms. The command is `cli/review.py`.
"""
