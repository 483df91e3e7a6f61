"""A package with a generator and an autoencoder of its own."""
