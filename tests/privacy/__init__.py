"""Privacy by generated secrets and harmless texts, through real pages, recorder and servers."""
