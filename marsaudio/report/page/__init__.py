"""The report: one page to look at and to listen to, that needs nothing but itself."""
