"""Copies that are made to be heard, and no measurements any more: each says what was done to it."""
