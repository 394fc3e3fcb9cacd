"""The one home of HTTP and AWS sessions: timeouts, retries, rate limits, TLS."""
