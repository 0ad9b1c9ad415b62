"""The benchmark harness: peers, load, scenarios, report. Standard library, wrk and h2load only."""
