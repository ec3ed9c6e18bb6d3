"""From evidence to service classes, scores, ranks and explanations."""
