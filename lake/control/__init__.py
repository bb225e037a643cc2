"""Control data: websites, plans, keys, links, holds and tombstones, one JSON document each.

cache            cached websites, keys and tombstones for services
websites, plans  settings of a website, and what its plan allows
api_keys, share_links, tokens  who may read what
legal_holds      what must not be removed
tombstones       what was erased and must not come back
visitor_salts    daily salts behind anonymous visitor ids
audit_entries    records of who did what
website_index    which keys and links a website has
"""
