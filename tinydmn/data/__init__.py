"""From text to plain arrays.  Independent of the models."""
