"""``python -m keyproof``."""

from __future__ import annotations

import sys

if not sys.flags.safe_path:
    # `-m` puts the working folder first: the repository that is scanned must not lend us modules
    del sys.path[0]

from keyproof.start import main

if __name__ == "__main__":
    main()
