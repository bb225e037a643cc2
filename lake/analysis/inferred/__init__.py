"""Inference of occurrences from the DOM, for pages that another recorder recorded."""
