"""The documentation site: pages of the tree, and a reference generated from the code.

`make docs` builds it into `site/`; `mkdocs.yml` holds the navigation. Nothing of the reference is
written by hand, so that it cannot differ from the code.
"""
