"""Small changes to a right answer, each of which the checks have to reject: `mutants`.

A mutant that is right for all that (it computes the same) is listed in tests/checks/equivalent/<chapter>.toml,
under the exercise's name, as "old line → new line" = "why it is the same".
"""

import ast
import copy
from collections.abc import Callable, Iterator

OTHER_OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult, ast.Div],
    ast.Mod: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
OTHER_NAMES = {
    one: [other]
    for pair in [
        ("maximum", "minimum"),
        ("max", "min"),
        ("argmax", "argmin"),
        ("sum", "mean"),
        ("zeros", "ones"),
        ("zeros_like", "ones_like"),
        ("any", "all"),
        ("floor", "ceil"),
        ("exp", "expm1"),
        ("log", "log1p"),
        ("sin", "cos"),
        ("sqrt", "square"),
        ("row_stack", "column_stack"),
        ("var", "std"),
    ]
    for one, other in [pair, pair[::-1]]
}
COMMUTE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr)
SYMMETRIC = {"max", "min", "maximum", "minimum"}


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """What can stand in place of ``node`` in a mutant."""
    match node:
        case ast.BinOp(left, op, right):
            for other in OTHER_OPERATORS.get(type(op), []):
                yield ast.BinOp(left, other(), right)
            if not isinstance(op, COMMUTE) and ast.dump(left) != ast.dump(right):
                yield ast.BinOp(right, op, left)
            yield left
            yield right
        case ast.AugAssign(target, op, value):
            for other in OTHER_OPERATORS.get(type(op), []):
                yield ast.AugAssign(target, other(), value)
            yield ast.Assign([target], value)
        case ast.Compare(left, [op], [right]):
            for other in OTHER_OPERATORS[type(op)]:
                yield ast.Compare(left, [other()], [right])
        case ast.BoolOp(op, values):
            yield ast.BoolOp(OTHER_OPERATORS[type(op)][0](), values)
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
            yield operand
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(float(value)):
            yield ast.Constant(value * 2)
            yield ast.Constant(value + 1)
        case ast.Attribute(value, "T"):
            yield value
        case ast.Attribute(value, attribute, context):
            for other in OTHER_NAMES.get(attribute, []):
                yield ast.Attribute(value, other, context)
        case ast.Name(name, ast.Load()):
            for other in OTHER_NAMES.get(name, []):
                yield ast.Name(other, ast.Load())
        case ast.Call(function, arguments, keywords):
            if isinstance(function, ast.Attribute) and function.attr in (
                "copy",
                "astype",
                "reshape",
            ):
                yield function.value
            for i, keyword in enumerate(keywords):
                if keyword.arg:
                    yield ast.Call(function, arguments, keywords[:i] + keywords[i + 1 :])
            symmetric = getattr(function, "attr", getattr(function, "id", "")) in SYMMETRIC
            if len(arguments) == 2 and not keywords and not symmetric:
                yield ast.Call(function, arguments[::-1], [])
        case ast.Slice(lower, upper, step):
            if lower:
                yield ast.Slice(None, upper, step)
            if upper:
                yield ast.Slice(lower, None, step)
            if step:
                yield ast.Slice(lower, upper, None)
        case ast.IfExp(_, body, orelse):
            yield body
            yield orelse
        case ast.Return(ast.Tuple([_, _, *_] as parts, context)):
            yield ast.Return(ast.Tuple([parts[1], parts[0], *parts[2:]], context))
        case ast.If(_, body, orelse):
            yield ast.If(ast.Constant(True), body, orelse)
            yield ast.If(ast.Constant(False), body, orelse)
        case ast.Assign() | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Raise():
            yield ast.Pass()
        case ast.Expr(value) if not isinstance(value, ast.Constant):
            yield ast.Pass()


def mutants(
    source: str, replacements: Callable[[ast.AST], Iterator[ast.AST]] = replacements
) -> dict[str, str]:
    """The mutants of the code ``source``, each under "old line → new line"."""
    tree = ast.parse(source)
    original = ast.unparse(tree)
    found: dict[str, str] = {}
    for index, node in enumerate(ast.walk(tree)):
        for new in replacements(node):
            changed = copy.deepcopy(tree)
            old = next(node for i, node in enumerate(ast.walk(changed)) if i == index)
            mutant = ast.unparse(
                ast.fix_missing_locations(_Swap(old, copy.deepcopy(new)).visit(changed))
            )
            if mutant != original:
                found[_change(original, mutant)] = mutant
    return found


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _change(original: str, mutant: str) -> str:
    """The first line that is another one."""
    lines = zip(original.splitlines(), mutant.splitlines())
    old, new = next((old, new) for old, new in lines if old != new)
    return f"{old.strip()} → {new.strip()}"


class _Bounded(ast.NodeTransformer):
    """Counts the turns of each loop, so that no mutant runs for ever."""

    def visit_For(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.parse("_turn()").body[0])
        return node

    visit_While = visit_For


def function(source: str, name: str, namespace: dict, turns: int = 20_000) -> Callable:
    """The function ``name`` of the code ``source``, run among the names of ``namespace``."""
    left = [turns]

    def turn() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise TimeoutError

    scope = {**namespace, "_turn": turn}
    tree = ast.fix_missing_locations(_Bounded().visit(ast.parse(source)))
    exec(compile(tree, "<mutant>", "exec"), scope)

    def bounded(*args: object) -> object:
        left[0] = turns
        return scope[name](*args)

    return bounded
