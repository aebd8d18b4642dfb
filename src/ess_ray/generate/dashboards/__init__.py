"""Grafana's dashboards, made from the data standard: `scripts/dashboards` writes those in deploy/grafana/dashboards."""
