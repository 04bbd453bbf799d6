"""Things: accounts, cases, networks, explanation runs, storage, page chrome."""
