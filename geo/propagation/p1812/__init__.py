"""Recommendation ITU-R P.1812-8: path-specific loss for point-to-area services, 30 MHz to 6 GHz."""

from geo.propagation.p1812.entry import (
    basic_transmission_loss,
    basic_transmission_loss_batch,
    intermediate_values,
)

__all__ = ["basic_transmission_loss", "basic_transmission_loss_batch", "intermediate_values"]
