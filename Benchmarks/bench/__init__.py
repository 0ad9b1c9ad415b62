"""The benchmark harness: peers, load, scenarios, report. Standard library and wrk only."""
