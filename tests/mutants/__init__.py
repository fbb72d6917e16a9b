"""Seeded bugs: does the tool find each of them, and leave their mended twins and innocent tasks alone?"""
