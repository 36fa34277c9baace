"""What people take away: an analysis with its files, its summary in figures, copies to listen to."""
