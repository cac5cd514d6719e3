"""Measurements of the release addons: how long, and how many queries."""
