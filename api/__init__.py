"""FastAPI application and command line: the only layer that knows HTTP and terminals."""
