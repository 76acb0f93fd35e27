"""Scenarios of neural networks, which need PyTorch and skorch."""
