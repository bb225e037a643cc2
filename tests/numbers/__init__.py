"""The faults and attacks by number, and which tests show them."""
