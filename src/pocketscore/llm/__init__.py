"""Teachers that are asked with a prompt: language models behind an endpoint or on this machine."""
