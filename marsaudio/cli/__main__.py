"""Run the command with ``python -m marsaudio.cli``."""

import sys

from marsaudio.cli import main

sys.exit(main())
