"""Source maps: from a position in a generated file to the author's source.

decode       parses and checks a bundler's map; encodes it for storage
store        the maps of a website: one object for each generated file
symbolicate  stacks with original files, lines and names, for readers

The contents of source files are never stored, only names and positions.
"""
