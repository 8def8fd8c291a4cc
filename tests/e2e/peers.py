"""Where the reference programs of tools/peers are."""
import os


def find(name):
    """The path of a program in $PEERS, else in ~/.cache/rill/peers; None."""
    for place in os.environ.get("PEERS", os.path.expanduser("~/.cache/rill/peers")).split(":"):
        for path in (os.path.join(place, name), os.path.join(place, "bin", name)):
            if os.access(path, os.X_OK) and os.path.isfile(path):
                return os.path.realpath(path)
    return None
