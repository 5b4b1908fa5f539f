"""Users, aliases, passwords and mailboxes."""
