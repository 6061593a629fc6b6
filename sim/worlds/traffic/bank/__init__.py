"""The caption bank of a page."""
