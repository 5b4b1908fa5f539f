"""`mailstack apply` and what else changes or compares what a deployment declares."""
