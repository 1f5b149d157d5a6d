"""The commands of `landcycle`, a file for each concern; `api/cli.py` puts them together."""
