"""Scorers in the forms that travel: one offline page, an installable app, JavaScript, ONNX, a Hugging Face folder."""
