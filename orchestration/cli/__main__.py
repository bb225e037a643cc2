"""`python -m orchestration.cli`: what the script `replaylake` runs."""

from orchestration.cli import main

main()
