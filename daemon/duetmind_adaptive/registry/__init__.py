"""Model versions: their artifacts, which one serves, and whether a challenger may take over."""
