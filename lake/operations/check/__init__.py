"""Checks of a lake's invariants: tables, segments, sessions, control objects. Reads only.

run           all checks in order
finding       one broken invariant: its kind and its place
control       the small documents under `control/`
delta_logs    the tables' logs
tables        the tables' files
pending       segments, and the quarantine
sessions      rows against session files
deleted_data  erased or expired data that should be deleted by now
"""
