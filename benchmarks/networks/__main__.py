"""Command line: all topics of networks, or those that are named."""

import sys

from benchmarks import NETWORK_TOPICS
from benchmarks.__main__ import main

if __name__ == "__main__":
    sys.exit(main(topics=NETWORK_TOPICS))
