"""The texts of Tests/Tutorials: what users' notes on Istio apply."""

from .binary import PROJECT

FOLDER = PROJECT / "Tests/Tutorials"


def tutorial(name):
    """The text of one note's resources."""
    return (FOLDER / f"{name}.yaml").read_text()


def names():
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))
