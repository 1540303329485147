"""Measurements; each prints or writes figures that the documents quote."""
