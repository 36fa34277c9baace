"""Run the command with ``python -m marsaudio``."""

import sys

from marsaudio.cli import main

sys.exit(main())
