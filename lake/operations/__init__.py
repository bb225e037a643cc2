"""Operations on a whole lake: maintenance, checks, repair, rebuild, re-scoring and preflight."""
