"""The service that recorders send to: it checks chunks, and answers once they are durable."""
