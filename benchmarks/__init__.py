"""The zoo's speed beside its peers': `python -m benchmarks decode|train|layers|serving|startup`."""
