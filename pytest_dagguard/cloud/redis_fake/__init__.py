"""What of the Redis emulator imports fakeredis, which is loaded when the first client connects."""
