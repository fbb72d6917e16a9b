"""The nouns of pytest-dagguard: frozen values that cross from one layer to the next, and nothing that acts."""
