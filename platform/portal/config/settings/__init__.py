"""Settings: `base` is the embedded default, `production` asks for every secret, `test` is for pytest."""
