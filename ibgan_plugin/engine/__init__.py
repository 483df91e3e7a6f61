"""Runner, schedules, hooks, loops, checkpoints, optimiser wrappers and their constructor."""
