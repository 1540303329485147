"""The benchmark: what a student keeps of its teacher on public data, and what each part of the recipe gives."""
