"""The program on the mail host: makes bundles true, tells whether they still are, and looks after the accounts."""
