"""`replaylake demo`."""


def demo() -> None:
    """Run everything on this machine, with a website, visitors and sample sessions."""
    from orchestration.demo import run

    run()
