"""Policies, one file each: what decides which caption is sent."""
