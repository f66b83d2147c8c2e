"""``python -m lamina.cli`` is ``lamina``."""

import sys

from lamina.cli.entry import main

sys.exit(main())
