"""How `make site` makes the pages of the tutorials: Sphinx, with notebooks read by MyST-NB."""

project = author = "Attention Zoo"
extensions = ["myst_nb", "sphinx_external_toc"]
external_toc_path = "site/toc.yml"  # from the folder of the sources, which is tutorials
exclude_patterns = ["site", "zh/*.md", "**.ipynb_checkpoints"]

nb_execution_mode = "off"  # the outputs are in the notebooks
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 2  # links to a section of a page

html_theme = "sphinx_book_theme"
html_title = project
html_theme_options = {
    "repository_url": "https://github.com/attention-zoo/attention-zoo",
    "use_repository_button": True,
    "navbar_persistent": [],  # one search box is enough
}
html_copy_source = html_show_copyright = False
html_search_language = "zh"  # splits Chinese into words, and stems English


def say_the_language(app, pagename, templatename, context, doctree):
    """Chinese pages say that they are Chinese, so that browsers take the right font."""
    if pagename.startswith("zh/") or pagename.endswith(".zh"):
        context["language"] = "zh-CN"


def setup(app):
    """Let Sphinx call `say_the_language` for each page."""
    app.connect("html-page-context", say_the_language)
