"""Speed, measured: each module prints ratios against a baseline of the same run."""
