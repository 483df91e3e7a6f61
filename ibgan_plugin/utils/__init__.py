"""Files, errors, processes: what every floor above uses."""
