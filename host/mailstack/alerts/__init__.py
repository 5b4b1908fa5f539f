"""Alerts: `mailstack watch` runs the checks of `mailstack status` each minute and tells people what changed."""
