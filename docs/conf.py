"""How Sphinx builds these pages: ``make docs``, with warnings as errors and without a network."""

import os
import sys
from pathlib import Path

import marsaudio

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"
sys.path.insert(0, str(DOCS))  # embedded_media and picture_scraper lie there

# The pages show the simulated sample, whichever recordings this machine has: the same pages everywhere.
os.environ["MARSAUDIO_DATA_DIR"] = str(DOCS / "_build" / "no recordings here")

# Sphinx reads only what lies below its own folder. What did not change keeps its date, and is not run again.
for notebook in EXAMPLES.glob("*.ipynb"):
    copy = DOCS / "tutorials" / notebook.name
    copy.parent.mkdir(exist_ok=True)
    if not copy.exists() or copy.read_bytes() != notebook.read_bytes():
        copy.write_bytes(notebook.read_bytes())

project = "marsaudio"
author = "The marsaudio developers"
project_copyright = "The marsaudio developers"
version = release = marsaudio.__version__

extensions = [
    "embedded_media",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
# Pages include the tables of quality, performance and reliability. The gallery's notebooks are to download.
exclude_patterns = ["_build", "_templates", "quality/*", "performance/*", "reliability/*", "gallery/*.ipynb"]
templates_path = ["_templates"]
# In docstrings, `marsaudio.load` is a link to what is documented under that name, and else stands as it is.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", r"[a-z]\w*"),  # a parameter, which stands in backquotes by numpydoc's convention
    ("py:obj", r"(matplotlib|scipy)\..+"),  # on other sites, which a build without a network cannot look up
]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "backreferences_dir": "gallery/uses",  # pages of the reference show where the gallery uses what
    "doc_module": ("marsaudio",),
    "image_scrapers": ("picture_scraper.scrape",),
    "capture_repr": (),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 3600,
}

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
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "start": []}
