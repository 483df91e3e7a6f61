"""What other zoos need of us to run beside us. Nothing here is imported but by name."""
