"""The demo: protocols of a finished study and of one to take, and the plan that builds both."""
