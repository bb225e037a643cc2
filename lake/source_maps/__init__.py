"""Source maps: from a place in a generated file to where its author wrote it.

    decoding   a map as bundlers write it, checked, as arrays; and as the bytes that are stored
    store      which website has which: one object for each generated file
    applying   what readers ask: stacks with the original files, lines and names

What the files hold is never stored: only their names, those of functions, and places.
"""
