"""Teachers: pretrained encoders fine-tuned on human scores. Needs the extra `distill`."""
