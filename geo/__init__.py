"""Shalgai's library: who is connected, how sure we are, and why. Knows neither web nor terminal."""

__version__ = "0.1.0"
