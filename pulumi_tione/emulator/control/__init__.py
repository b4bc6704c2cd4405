"""What tests control: the methods of `Emulator`, and the same over HTTP below `/_emulator`.

`control_api.py` has the methods, `routes.py` the addresses.
"""
