"""How Sphinx builds these pages: ``make docs``, with warnings as errors and without a network."""

import marsaudio

project = "marsaudio"
author = "The marsaudio developers"
project_copyright = "The marsaudio developers"
version = release = marsaudio.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
]
exclude_patterns = ["_build", "_templates", "quality/*", "performance/*"]  # pages include these tables
templates_path = ["_templates"]
# In docstrings, `marsaudio.load` is a link to what is documented under that name, and else stands as it is.
default_role = "py:obj"

myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
# Where file names ignore case, the page of a function would replace that of its class.
autosummary_filename_map = {
    "marsaudio.spectrogram": "marsaudio.spectrogram-function",
    "marsaudio.catalog.entry": "marsaudio.catalog.entry-function",
}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings tell types, with shapes and units
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "marsaudio"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}
