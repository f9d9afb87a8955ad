"""The `zoo` command."""

from zoo.cli.main import main as main
