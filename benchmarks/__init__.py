"""The zoo's speed beside its peers': `python -m benchmarks TABLE`; see README.md."""
