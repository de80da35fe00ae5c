"""`python -m subspike` is `subspike`."""

import sys

from .cli import main

sys.exit(main())
