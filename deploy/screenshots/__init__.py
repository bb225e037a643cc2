"""Pictures of every page of the dashboard, over a lake that the demo's visitors filled."""
