"""Python source -> its mutants: the same source with one operator, constant or condition replaced by another."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """One change of a source."""

    line: int
    before: str
    after: str
    source: str
    """The whole source with the change in it."""


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a source, in the order of its lines; what computes nothing (types, messages) has none."""
    tree = ast.parse(source)
    silent = {id(inner) for node in ast.walk(tree) for part in _silent(node) for inner in ast.walk(part)}
    for node in sorted(ast.walk(tree), key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))):
        if id(node) not in silent and isinstance(node, ast.expr):
            for changed in _changed(node):
                yield Mutant(node.lineno, ast.unparse(node), ast.unparse(changed), _replaced(source, node, changed))


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """What stands below a node and decides nothing: annotations, messages, docstrings, lists of public names."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (argument.annotation for argument in ast.walk(node.args) if _annotated(argument))
        if node.returns is not None:
            yield node.returns
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, ast.Raise | ast.JoinedStr) or _says_or_declares(node):
        yield node


def _says_or_declares(node: ast.AST) -> bool:
    """Whether it is a line of the log, a type, a list of public names, or for programs that are no test."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).startswith(("logger.", "cast", "TypeVar"))
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]).startswith("__")
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")


def _annotated(argument: ast.AST) -> bool:
    return isinstance(argument, ast.arg) and argument.annotation is not None


def _changed(node: ast.expr) -> Iterator[ast.expr]:
    """The node with one thing in it replaced."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Compare) and type(new.ops[0]) in COMPARISONS:
        new.ops[0] = COMPARISONS[type(new.ops[0])]()
        yield new
    elif isinstance(new, ast.BinOp) and type(new.op) in ARITHMETIC and not _is_text(new):
        new.op = ARITHMETIC[type(new.op)]()
        yield new
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
        yield new
    elif isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.Not):
        yield new.operand
    elif isinstance(new, ast.IfExp):
        new.body, new.orelse = new.orelse, new.body
        yield new
    elif isinstance(new, ast.Constant) and isinstance(new.value, bool):
        yield ast.Constant(not new.value)
    elif isinstance(new, ast.Constant) and isinstance(new.value, int):
        yield ast.Constant(new.value + 1)


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr | ast.Constant) and not _is_number(side) for side in (node.left, node.right)
    )


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _replaced(source: str, node: ast.expr, changed: ast.expr) -> str:
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    begin = starts[node.lineno - 1] + node.col_offset
    end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
    whole = source.encode()
    return (whole[:begin] + f"({ast.unparse(changed)})".encode() + whole[end:]).decode()
