"""The report of a distillation: one HTML file that needs nothing else. Needs the extra `distill`."""
