"""Radio propagation: from sites and terrain to signal."""
