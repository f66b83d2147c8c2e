"""Layers that mix tokens by a transform, a filter or a wavelet decomposition."""
