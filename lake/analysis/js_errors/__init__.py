"""JavaScript errors: parsed stacks, fingerprints that group similar errors, and their count."""
