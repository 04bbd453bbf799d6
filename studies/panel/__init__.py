"""The researcher's panel: pages under the admin site that read by selectors and write by services alone."""
