"""A small key-value service over HTTP: a Flask API on Redis."""

__version__ = "0.1.0"
