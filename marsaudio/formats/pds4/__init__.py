"""PDS4 products: labels, the files and tables that they describe, and the sessions that products make up."""
