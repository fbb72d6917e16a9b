"""The emulator side: one process that holds every emulated service, with the tap in front of all of them."""
