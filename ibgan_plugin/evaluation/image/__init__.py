"""Image metrics: features, cache, one file a metric, extractors."""
