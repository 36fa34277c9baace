"""For pytest's ``-p``: hypothesis tells that a test fails, and does not look for the simplest case of it."""

from hypothesis import Phase, settings

settings.register_profile("without shrinking", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("without shrinking")
