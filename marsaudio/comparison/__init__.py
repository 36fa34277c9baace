"""Two versions of the same take: how they lie to each other, and what one has that the other has not."""
