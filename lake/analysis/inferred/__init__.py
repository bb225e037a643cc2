"""Pages that another recorder than ours recorded: what happened there is read from the DOM."""
