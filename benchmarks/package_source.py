"""Figures of a package from its source text: names, lines, docstrings."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

VERBS = (
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "forget_features",
    "partial_fit",
)
#: Private names that the standard library gives to what it makes.
_STANDARD = {"_asdict", "_fields", "_make", "_replace"}
#: Characters of a docstring's line that is more than a heading or a type.
_SENTENCE = 40
_LONGEST = 400


@dataclass(frozen=True)
class Module:
    """One file of the package.

    Attributes
    ----------
    name : str
        Its path below the package.
    text : str
    """

    name: str
    text: str

    @cached_property
    def tree(self):
        return ast.parse(self.text)

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def documented(self):
        """Docstring nodes, of the module and of all that it defines."""
        kinds = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
        owners = [node for node in ast.walk(self.tree) if isinstance(node, kinds)]
        return [o.body[0] for o in owners if ast.get_docstring(o) is not None]

    @cached_property
    def classes(self):
        return [n for n in ast.walk(self.tree) if isinstance(n, ast.ClassDef)]

    def code_lines(self):
        """Lines that hold code: not blank, no comment alone, no docstring."""
        skipped = {
            tokenize.COMMENT,
            tokenize.NL,
            tokenize.NEWLINE,
            tokenize.INDENT,
            tokenize.DEDENT,
            tokenize.ENDMARKER,
        }
        held = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in skipped:
                held.update(range(token.start[0], token.end[0] + 1))
        for node in self.documented:
            held.difference_update(range(node.lineno, node.end_lineno + 1))
        return len(held)

    def docstring_lines(self):
        """The lines of the docstrings, without indentation."""
        for node in self.documented:
            yield from map(str.strip, node.value.value.splitlines())

    def own_names(self):
        """Names that this module defines, as functions, variables or attributes."""
        for node in ast.walk(self.tree):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    yield node.name
                case ast.Name(ctx=ast.Store()):
                    yield node.id
                case ast.Attribute(ctx=ast.Store()) if _is_own(node.value):
                    yield node.attr
                case ast.keyword(arg=str()):
                    # vars(self).update(_name=...)
                    if node.arg.startswith("_"):
                        yield node.arg

    def reached_names(self):
        """(line, name) of private attributes of anything but self, cls and super()."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Attribute() if not _is_own(node.value):
                    yield node.lineno, node.attr
                case ast.Call(
                    func=ast.Name(id="getattr" | "hasattr" | "setattr"),
                    args=[owner, ast.Constant(value=str() as name), *_],
                ) if not _is_own(owner):
                    yield node.lineno, name


def _is_own(node):
    match node:
        case ast.Name(id="self" | "cls"):
            return True
        case ast.Call(func=ast.Name(id="super" | "type")):
            return True
    return False


def read(package):
    """The modules of a package in a folder."""
    package = Path(package)
    files = sorted(package.rglob("*.py"))
    return [Module(str(f.relative_to(package)), f.read_text("utf-8")) for f in files]


def definitions(modules, name):
    """Where classes define a method of this name."""
    return [
        f"{module.name}:{node.lineno} {owner.name}"
        for module in modules
        for owner in module.classes
        for node in owner.body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]


def frozen_classes(modules, ending):
    """Frozen dataclasses whose names end so; those of the public checks aside."""
    return [
        f"{module.name}:{node.lineno} {node.name}"
        for module in modules
        for node in module.classes
        if node.name.endswith(ending)
        and any("frozen=True" in ast.unparse(d) for d in node.decorator_list)
        and "_checks" not in module.name
    ]


def swaps(modules):
    """Where an estimator's fitted value or attributes are put in place.

    An assignment to ``self._fitted``, or an update of ``vars(self)``, above core.
    """
    found = []
    for module in modules:
        if module.name.startswith(("core/", "certification/")):
            continue
        for node in ast.walk(module.tree):
            match node:
                case ast.Assign(targets=[ast.Attribute(value=owner, attr="_fitted")]):
                    if _is_own(owner):
                        found.append(f"{module.name}:{node.lineno}")
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Call(
                            func=ast.Name(id="vars"), args=[ast.Name(id="self")]
                        ),
                        attr="update",
                    )
                ):
                    found.append(f"{module.name}:{node.lineno}")
    return found


def private_names_reached(modules):
    """Private attributes of objects that another module defines, by place.

    ``x._name`` (or by getattr, hasattr, setattr) counts if x is neither self, cls,
    super() nor type(self), and the module itself defines nothing called ``_name``.
    """
    found = []
    for module in modules:
        own = set(module.own_names())
        found += [
            f"{module.name}:{line} {name}"
            for line, name in module.reached_names()
            if name.startswith("_")
            and not name.startswith("__")
            and name not in own | _STANDARD
        ]
    return found


def repeated_docstring_lines(modules):
    """Lines of docstrings that stand in an earlier docstring, word for word.

    Those of 40 characters or more: headings and types are alike by convention.
    """
    seen, repeated = set(), []
    for module in modules:
        for line in module.docstring_lines():
            if len(line) >= _SENTENCE:
                if line in seen:
                    repeated.append(f"{module.name}: {line}")
                seen.add(line)
    return repeated


def opening_with_what(modules):
    """Modules whose docstring begins with "What"."""
    return [
        module.name
        for module in modules
        if (ast.get_docstring(module.tree) or "").startswith("What ")
    ]


def long_modules(modules):
    """Modules of more than 400 lines."""
    return [
        f"{module.name} ({len(module.lines)})"
        for module in modules
        if len(module.lines) > _LONGEST
    ]
