"""`replaylake demo`."""

from orchestration.cli.extras import require


def demo() -> None:
    """Run everything on this machine, with a website, visitors and sample sessions."""
    require("demo")
    from orchestration.demo import run

    run()
