"""Features of time series, and what reads them out."""
