"""Measurements of this machine, as plain values for JSON; nothing here is a test."""
