"""Lists sessions and streams replays: routes, no rules about data."""
