"""Text in, plain arrays out.  Knows no model."""
