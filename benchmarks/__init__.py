"""What the project costs in time, memory and money; see `README.md`. Each prints a table."""
