"""Lets `python -m app` be the flask-redis-api command."""

from app.cli import main

if __name__ == "__main__":
    main()
