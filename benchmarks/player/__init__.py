"""What a person who watches sessions waits for, beside rrweb's own player."""
