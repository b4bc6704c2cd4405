"""What tests control: the methods of `Emulator`, and the same over HTTP below `/_emulator`."""
