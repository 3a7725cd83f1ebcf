"""What belongs to the app that serves the current request."""

from flask import current_app

from app.settings import Settings
from app.store import Store


def settings() -> Settings:
    """Return the app's settings."""
    found: Settings = current_app.extensions["settings"]
    return found


def store() -> Store:
    """Return the app's store."""
    found: Store = current_app.extensions["store"]
    return found
