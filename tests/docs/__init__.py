"""Documentation: generated reference, links, and statements about the code."""
