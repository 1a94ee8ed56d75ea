"""Fine-tuning and evaluation, run by `accelerate launch`; nothing in the library imports it."""
