"""The chart, installed on a real cluster."""
