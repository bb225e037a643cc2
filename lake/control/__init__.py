"""Control data: websites, plans, keys, links, holds and tombstones, one JSON document each.

cache            cached websites, keys and tombstones for services
websites, plans  settings of a website, and what its plan allows
api_keys, share_links, tokens  access to sessions
legal_holds      sessions that must not be removed
tombstones       erased sessions and people
visitor_salts    daily salts behind anonymous visitor ids
audit_entries    records of who did what
website_index    lists of the keys and links of a website
"""
