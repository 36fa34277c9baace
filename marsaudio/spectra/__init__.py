"""The one short-time Fourier engine, and the pictures and levels made from it."""
