"""From files to items: what pytest collects under ``--dagguard``."""
