"""The vendors' own SDKs, unmodified, against the running product."""
