"""Which recordings exist and how each reaches this machine."""
def keys(): return ()
