"""Settings of the site: `make site` builds it, and `make check` builds it without running the notebooks.

The source folder is the root of the repository, so that a link between docs/, notebooks/ and the code is the same on a
repository page and on the site. Nothing is fetched while it is built: formulas become MathML, which browsers draw by
themselves, and addresses of other projects' pages come from inventories only where `SPHINX_INVENTORIES` names a folder
that holds them.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(DOCS)]

import reference  # noqa: E402  beside this file

import spectral_ph  # noqa: E402

project = "spectral_ph"
author = "The spectral_ph authors"
project_copyright = "the spectral_ph authors"
version = release = spectral_ph.__version__

root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "notebooks/*.ipynb",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "SECURITY.md",
]
exclude_patterns = ["docs/_*", "docs/**/.*", "**/.ipynb_checkpoints", "docs/reference/api/_*"]

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "site_parts",  # beside this file
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
html_math_renderer = "mathml"
default_role = "py:obj"  # one backtick in a docstring: a name, and a link where there is a page

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline", "attrs_block"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

# "off" shows what the notebooks and the gallery kept from their last run; `make site` runs them, but for those of
# nets where torch is not installed.
nb_execution_mode = os.environ.get("SPECTRAL_PH_SITE_EXECUTE", "off")
nb_execution_excludepatterns = [] if find_spec("torch") else ["*05_autoencoder.ipynb", "*06_images.ipynb"]
nb_execution_timeout = 900
nb_execution_raise_on_error = True
nb_merge_streams = True

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # the parameters say them, with their shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False
templates_path = [str(DOCS / "_templates")]

# Optional, as the site is built without a network: the folder holds NAME.inv, such as numpy.inv.
intersphinx_mapping = {
    path.stem: (address, str(path)) for path, address in reference.inventories(os.environ.get("SPHINX_INVENTORIES"))
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"spectral_ph {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_extra"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "spectral_ph"},
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": True,
    "show_nav_level": 1,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"docs/index": [], "docs/gallery": []}

reference.write(DOCS / "reference" / "api")
