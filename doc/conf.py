"""Sphinx configuration; the environment must have the package installed."""

import re

from sphinx.util.docutils import SphinxDirective

import sklearn_unlearn
from sklearn_unlearn._capabilities import HEADERS, capabilities, instances

project = "sklearn_unlearn"
author = "the sklearn_unlearn developers"
copyright = f"2026, {author}"
version = release = sklearn_unlearn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "templates", "gallery/*.py", "gallery/*.ipynb"]
templates_path = ["templates"]
default_role = "literal"

autosummary_generate = True
autodoc_typehints = "none"
# At the side of a class its methods stand without its name, which is long.
toc_object_entries_show_parents = "hide"
# Installed or not: what nets inherit from skorch, skorch documents.
autodoc_mock_imports = ["dask", "distributed", "skorch", "torch"]
numpydoc_show_class_members = False
add_module_names = False

# Examples with PyTorch need what the environment of the documentation does not have.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "",
    "ignore_pattern": r"torch",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "plot_gallery": "True",
    "abort_on_example_error": True,
    "min_reported_time": 5,
    "show_memory": False,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_unlearn",),
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_unlearn"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Pages without pages below them have nothing to show at the side.
html_sidebars = {
    name: []
    for name in (
        "api",
        "attestation",
        "benchmarks",
        "capabilities",
        "certification",
        "conventions",
        "index",
        "measures",
        "requests",
        "scale",
        "study",
        "threads",
    )
}
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}

_LABELS = r"\w+_score|df_output_transform|metadata_routing"
_LABEL = re.compile(rf":ref:`([^<`]*?)\s*<(?:{_LABELS})>`")
_EXAMPLE = re.compile(r"\s*and\s+:ref:`sphx_glr\w+\.py`\s+for\s+an\s+example[^.]*")
_ROUTING = re.compile(r"set_\w+_request|get_metadata_routing")


def unlink(app, what, name, obj, options, lines):
    """Leave the text of inherited references into scikit-learn's guide."""
    text = _EXAMPLE.sub("", _LABEL.sub(r"\1", "\n".join(lines)))
    lines[:] = text.split("\n")


def skip_routing(app, what, name, obj, skip, options):
    """Leave out the methods that scikit-learn's metadata routing generates."""
    return True if _ROUTING.fullmatch(name) else None


#: What stands for the words of the tags, and for their columns.
SYMBOLS = {"exact": "●", "approximate": "◐", "empirical": "○", "yes": "✓", "no": "–"}
COLUMNS = {
    "partial_unfit": "rows leave",
    "replace_features": "values change",
    "replace_labels": "labels change",
    "partial_fit": "rows come",
    "forget_features": "columns leave",
    "certification": "certified",
    "sparse": "sparse rows",
    "sample_weight": "weights",
    "multi-output": "several targets",
    "row_ids": "names of rows",
}


class Capabilities(SphinxDirective):
    """A table of what each estimator can do, made from the tags."""

    required_arguments = 1

    def run(self):
        (wanted,) = self.arguments
        lines = [["Estimator", *(COLUMNS[name] for name in HEADERS[wanted])]]
        for estimator in instances(wanted):
            name = type(estimator).__name__
            module = type(estimator).__module__.split("._")[0]
            short = repr(estimator).removeprefix("Unlearnable").removesuffix("()")
            found = map(self._symbols, capabilities(estimator))
            lines.append([f":class:`{short} <{module}.{name}>`", *found])
        return self._table(lines)

    def _table(self, lines):
        text = [".. list-table::", "   :header-rows: 1", "   :class: capabilities", ""]
        text += ["   * - " + "\n     - ".join(line) for line in lines]
        return self.parse_text_to_nodes("\n".join(text))

    def _symbols(self, entry):
        """One, or what holds without retained data and what with them."""
        without, *retained = entry.removesuffix(" †").split("; ")
        return SYMBOLS[without] + "".join(f" {SYMBOLS[each]}†" for each in retained)


class Twins(Capabilities):
    """A table of scikit-learn's classes: what the counterpart of each can do."""

    required_arguments = 0
    verbs = (
        "partial_unfit",
        "replace_features",
        "replace_labels",
        "forget_features",
        "partial_fit",
    )

    def run(self):
        rows = [line for wanted in HEADERS for line in self._lines(wanted)]
        header = ["scikit-learn", *(COLUMNS[name] for name in self.verbs)]
        return self._table([header, *sorted(rows)])

    def _lines(self, wanted):
        for estimator in instances(wanted):
            cls = type(estimator)
            twin = getattr(cls, "_twin_class", None)
            if twin is None or repr(estimator) != f"{cls.__name__}()":
                continue
            found = dict(zip(HEADERS[wanted], capabilities(estimator), strict=True))
            module, place = (each.__module__.split("._")[0] for each in (twin, cls))
            name = f"{module.removeprefix('sklearn.')}.{twin.__name__}"
            symbols = (self._symbols(found.get(verb, "no")) for verb in self.verbs)
            yield [f":class:`{name} <{place}.{cls.__name__}>`", *symbols]


def setup(app):
    app.add_directive("capabilities", Capabilities)
    app.add_directive("twins", Twins)
    app.connect("autodoc-process-docstring", unlink)
    app.connect("autodoc-skip-member", skip_routing)
