"""HTTP behaviour of the query API: limits, parameters, bodies, headers, negotiation, problems."""
