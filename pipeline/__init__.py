"""The study as a headless program: `python -m pipeline run-all` trains, measures and writes artifacts."""
