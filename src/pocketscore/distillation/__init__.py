"""Distillation: from scored responses to a pocket-size scorer and its evidence. Needs the extra `distill`."""
