"""HTTP behaviour that both services share: protocol limits, problem documents, readiness, logs."""
