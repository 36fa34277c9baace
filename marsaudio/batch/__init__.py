"""Many recordings at once: separated, searched for wind, written down, and gone on with after a stop."""

from marsaudio.batch.progress import Progress
from marsaudio.batch.running import BatchReport, run

__all__ = ["BatchReport", "Progress", "run"]
