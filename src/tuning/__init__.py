"""The search for hyper-parameters: what is searched, and the search."""
