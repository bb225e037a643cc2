"""The website that the demo records: see `app`."""
