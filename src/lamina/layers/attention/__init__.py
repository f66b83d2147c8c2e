"""Attention in linear time: random features, kernels, and products in a transform domain."""
