"""Certificates and DKIM keys."""
