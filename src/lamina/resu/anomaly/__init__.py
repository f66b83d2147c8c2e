"""Anomalies: samples that the past did not let expect."""
