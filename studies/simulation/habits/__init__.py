"""How simulated readers answer each task: one module a family of tasks, found by itself."""
