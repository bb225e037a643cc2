"""Insights: what many compacted sessions of a website show together.

frustration    pages, elements or kinds with the most frustration signals
heatmap        clicks and scroll depth of one page
clicked_pages  the pages with the most clicks
daily          figures of a website's days
"""
