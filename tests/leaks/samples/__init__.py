"""What each detector must find, written from the vendors' documents and apart from the patterns."""
