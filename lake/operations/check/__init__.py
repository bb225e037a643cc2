"""Checks of a lake's invariants: tables, segments, sessions, control objects. Reads only.

found     what is broken, in one word and one place
gone      what is erased or expired, and should not be there any more
control   the small documents
logs      the tables' logs
tables    the tables' files
waiting   segments, and what is in quarantine
sessions  rows against files
"""
