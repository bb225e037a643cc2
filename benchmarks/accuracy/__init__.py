"""Benchmark of the signals' accuracy: scripted visits that note what they do, and the analysis of
the recordings by two recorders: ours, and plain rrweb as the foreign one."""
