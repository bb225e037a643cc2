"""The query API: lists sessions and streams replays. Routes only, no rules about data."""
