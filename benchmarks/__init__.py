"""Measurements to run by hand; nothing imports them."""
