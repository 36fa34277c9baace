"""Wind events: the level of the wind's band over time, where it rises, and the table of when."""
