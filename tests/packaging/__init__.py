"""The project as a package: its version, its type information, its wheel."""
