"""Speed, and nothing else: fast twins of torch's layers, and settings of the processor."""
