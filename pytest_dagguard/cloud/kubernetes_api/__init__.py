"""The parts of the Kubernetes emulator; :mod:`pytest_dagguard.cloud.kubernetes` puts them together."""
