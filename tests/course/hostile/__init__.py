"""Files that attack whoever runs them.  tests.mutants runs them with one wall down: so each is content with a decoy, a signal that ends nothing, or a little."""
