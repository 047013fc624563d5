"""A page on which trained networks are told stories and asked: served on this machine, or one file.

replies.py answers a request as a dict -> dict; server.py carries it over HTTP, export.py asks it in
advance and keeps what it said.  page.html is the page, with its style and its script.
"""
