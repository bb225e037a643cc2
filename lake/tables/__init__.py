"""The Delta tables: their columns, where a row lies, how rows are replaced and found."""
