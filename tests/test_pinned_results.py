"""What comes of the sample is what came of it before, whichever Python and libraries are at work."""

import json

import numpy as np
import pytest
from pinned_results import FILE, results

# What another version of a library may change by rounding; what anybody could see or hear is far above.
TOLERANCES = {"db": 1e-3, "hz": 1e-6, "s": 1e-6}


@pytest.fixture(scope="module")
def found():
    return results()


@pytest.mark.parametrize("name", json.loads(FILE.read_text()))
def test_the_figures_of_the_sample_have_not_changed(name, found):
    pinned = json.loads(FILE.read_text())[name]
    assert np.shape(found[name]) == np.shape(pinned)
    assert found[name] == pytest.approx(pinned, rel=0, abs=TOLERANCES[name.rsplit("_", 1)[1]])
