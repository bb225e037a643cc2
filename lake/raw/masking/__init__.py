"""Secrets and personal data in texts.

patterns           their shapes, shared with the recorder
secrets            masks what has one of these shapes
"""
