"""`mailstack emergency`: what helps at once, loses no mail, and can be undone."""
