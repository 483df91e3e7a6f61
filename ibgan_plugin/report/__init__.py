"""One page that holds what is known of one or several runs; ``tools/report.py`` is the command."""
