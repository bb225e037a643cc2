"""HTTP of the upload endpoint: headers, parameters, bodies and responses, without a framework.

request_headers  the request headers that are used, read in one pass
request_params   the query parameters of one chunk
request_body     bodies within a size limit, a deadline and a memory budget
cors             origins of a website, and the headers for their pages
responses        responses as bytes for ASGI
"""
