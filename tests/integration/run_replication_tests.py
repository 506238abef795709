#!/usr/bin/env python3
"""Runs the tests of replication between nodes, which share the broker that one of them hosts.

Nothing else has to run: the nodes are started here, on free ports, with data in a temporary folder.
"""

import argparse
import sys

from run_tests import FOLDER, run


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit code: 0 all passed, 1 a test failed, 2 the tests could not run.",
    )
    parser.add_argument(
        "which", choices=["simple", "all"],
        help="simple: two nodes, in some seconds; all: also three nodes, nodes that are killed and "
        "come back, and a broker that does",
    )
    parser.add_argument(
        "--node", metavar="PATH", help="program of the nodes, if not that of target/"
    )
    parser.add_argument("--verbose", action="store_true", help="a line for every test")
    options = parser.parse_args()
    again = [f"--node={options.node}"] if options.node else []
    arguments = [str(FOLDER / "test_replication.py"), "--no-header", "--no-summary", *again]
    arguments += ["-v"] if options.verbose else ["--tb=short"]
    arguments += ["-m", "simple"] if options.which == "simple" else []
    return run(arguments, again)


if __name__ == "__main__":
    sys.exit(main())
