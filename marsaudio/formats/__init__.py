"""Bytes to samples and back: audio files, what their chunks say, PDS4 labels, event tables."""
