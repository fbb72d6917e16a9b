"""Calls over gRPC: the wire, and what they mean over REST."""
