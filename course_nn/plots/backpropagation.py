"""The pictures of chapter 4: a graph with its numbers on it, shapes, symmetry, cost, depth."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text

from course_nn.autodiff import Value
from course_nn.i18n import _
from course_nn.plots import (
    BLACK,
    BLUE,
    DIVERGING,
    GRAY,
    GREEN,
    ORANGE,
    Picture,
    canvas,
    styled,
)

# A graph is drawn in inches: the width of a box, of the local derivatives on its left, of the gap
# between boxes; the height of a line of text, of the gap.
BOX, SLOPES, GAP_X = 0.86, 0.4, 0.2
LINE, GAP_Y = 0.22, 0.22
SLOPE_SIZE = 9
MIDDLE: Any = {"ha": "center", "va": "center_baseline"}
SIGNS = {"*": "×", "-": "−", "/": "÷"}


class Sketch(NamedTuple):
    """A drawn graph, and its parts by the `Value` that they belong to, or by (value, k) for its
    k-th input. A number without a name has no gradient and no frame."""

    picture: Picture
    title: Text
    frames: dict[Value, Rectangle]
    values: dict[Value, Text]
    grads: dict[Value, Text]
    slopes: dict[tuple[Value, int], Text]
    arrows: dict[tuple[Value, int], FancyArrowPatch]


@styled
def graph(result: Value, gradients: bool = True) -> Picture:
    """The graph of ``result``, left to right: a box for each value with operation, name and number.

    With ``gradients``, also what the backward pass needs and makes: the local derivatives, in green
    where the arrows arrive, and the gradients. A number without a name, such as the 2 in ``2 * x``,
    stands in gray.
    """
    return sketch(result, gradients).picture


@styled
def sketch(result: Value, gradients: bool = True, width: float = 4.7) -> Sketch:
    """The picture that `graph` returns, at least ``width`` inches wide, with its parts."""
    nodes = result.graph()
    routes, column, row = _layout(nodes)
    slopes, height = (SLOPES, 3 * LINE) if gradients else (0, 2 * LINE)
    x = {stop: c * (BOX + slopes + GAP_X) for stop, c in column.items()}  # the left edge of its box
    y = {stop: -r * (height + GAP_Y) for stop, r in row.items()}  # the middle
    right = max(x.values()) + BOX
    margin = max(0.1, (width - right) / 2)
    bottom = min(y[node] for node in nodes) - height / 2
    bottom, top = min([bottom, *y.values()]) - 0.1, max(y.values()) + height / 2 + 0.5
    alt = _described(nodes, gradients)
    picture, axes = canvas(alt=alt, width=right + 2 * margin, height=top - bottom)
    picture.set_layout_engine("none")  # so that a unit of the axes is an inch, and texts fit boxes
    axes.set(position=(0, 0, 1, 1), xlim=(-margin, right + margin), ylim=(bottom, top))
    axes.set_axis_off()
    words = _("Forward: every box computes from those on its left")
    if gradients:
        words = _("Backward: multiply along the arrows, add where they meet")
    title = axes.text(0.1 - margin, top - 0.1, words, va="top", size=11)
    drawn = Sketch(picture, title, {}, {}, {}, {}, {})
    for node in nodes:
        _box(drawn, node, x[node], y[node], height, gradients)
        inputs = sorted(range(len(node.inputs)), key=lambda k: -y[routes[node, k][-2]])
        cell = height / max(1, len(inputs))
        for place, k in enumerate(inputs):
            end = (x[node] - slopes, y[node] + height / 2 - cell * (place + 0.5))
            if gradients:
                corner = (end[0], end[1] - cell / 2)
                axes.add_patch(Rectangle(corner, slopes, cell, fc="#e5f4ee", ec=GRAY))
                slope = node.inputs[k][1]
                look: Any = {"size": SLOPE_SIZE, "color": "#006b4e", "ha": "center"}
                text = _write(axes, end[0] + slopes / 2, end[1], slope, **look)
                drawn.slopes[node, k] = text
            start, *stops = routes[node, k][:-1]
            points = [(x[start] + BOX, y[start])]
            for stop in stops:
                points += [(x[stop] - slopes, y[stop]), (x[stop] + BOX, y[stop])]
            drawn.arrows[node, k] = _arrow(axes, [*points, end])
    return drawn


def _box(drawn: Sketch, node: Value, x: float, y: float, height: float, gradients: bool) -> None:
    """A box whose left edge is at x and whose middle is at y."""
    (axes,) = drawn.picture.axes
    top = y + height / 2
    if _constant(node):
        corner = (x + BOX / 2, y - LINE / 2)
        axes.add_patch(Rectangle(corner, BOX / 2, LINE, fc="#eeeeee", ec="none"))
        drawn.values[node] = _write(axes, x + 0.75 * BOX, y, node.data, color=BLACK, ha="center")
        return
    axes.add_patch(Rectangle((x, y - height / 2), BOX, height, fc="white", ec="none"))
    strip = "#cfe5f3" if node.op else "#e8e8e8"
    axes.add_patch(Rectangle((x, top - LINE), BOX, LINE, fc=strip, ec=BLACK))
    frame = Rectangle((x, y - height / 2), BOX, height, fc="none", ec=BLACK)
    axes.add_patch(frame)
    drawn.frames[node] = frame
    heading: Any = {"y": top - LINE / 2, "va": "center_baseline", "size": 10}
    axes.text(x + 0.06, s=SIGNS.get(node.op, node.op), **heading)
    axes.text(x + BOX - 0.06, s=node.name, ha="right", weight="bold", **heading)
    lines: list[Any] = [(_("value"), node.data, BLUE, drawn.values)]
    if gradients:
        lines.append((_("grad"), node.grad, ORANGE, drawn.grads))
    for i, (word, number, color, texts) in enumerate(lines):
        middle = top - LINE * (i + 1.5)
        axes.text(x + 0.06, middle, word, color=color, size=7.5, va="center_baseline")
        texts[node] = _write(axes, x + BOX - 0.06, middle, number, color=color, ha="right")


def _write(axes: Axes, x: float, y: float, number: float, size: float = 10, **look: Any) -> Text:
    text = axes.text(x, y, "", va="center_baseline", **look)
    set_number(text, number, size)
    return text


def set_number(text: Text, number: float, size: float = 10) -> None:
    """Let ``text`` show the number in three digits, smaller where that takes many letters."""
    text.set_text(digits(number))
    text.set_fontsize(size * min(1, 5 / len(text.get_text())))


def digits(number: float) -> str:
    """The number in three digits, with a minus sign, not a hyphen."""
    return f"{number:.3g}".replace("-", "−")


def _constant(node: Value) -> bool:
    return not node.op and not node.name


def _arrow(axes: Axes, points: Sequence[tuple[float, float]]) -> FancyArrowPatch:
    """A line that bends from box to box and runs level past the boxes between."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for i, (x, y) in enumerate(points[1:]):
        x0, y0 = points[i]
        if y == y0:
            vertices, codes = [*vertices, (x, y)], [*codes, Path.LINETO]
        else:
            middle = (x0 + x) / 2
            vertices += [(middle, y0), (middle, y), (x, y)]
            codes += [Path.CURVE4] * 3
    arrow = FancyArrowPatch(path=Path(vertices, codes), arrowstyle="-|>", mutation_scale=9)
    arrow.set(color=GRAY, linewidth=1)
    axes.add_patch(arrow)
    return arrow


def _described(nodes: Sequence[Value], gradients: bool) -> str:
    parts = []
    for node in nodes:
        if not _constant(node):
            name = " ".join(filter(None, [node.name, node.op and f"({node.op})"]))
            parts.append(f"{name} = {node.data:.3g}")
            if gradients:
                parts[-1] += ", " + _("gradient {grad:.3g}").format(grad=node.grad)
    return _("A computational graph, from its inputs to its result: {boxes}.").format(
        boxes="; ".join(parts)
    )


@styled
def shapes(samples: int, inputs: int, outputs: int) -> Picture:
    """y = x W + b and its three gradients as blocks of cells: a row of x for each sample."""
    x, W, b = (samples, inputs), (inputs, outputs), (1, outputs)
    y = (samples, outputs)
    blue, green, orange, gray = "#cfe5f3", "#d3ecdf", "#fbe0cc", "#e8e8e8"
    equations: list[list[Any]] = [
        [("y", y, orange), "=", ("x", x, blue), "@", ("W", W, green), "+", ("b", b, gray)],
        [("dW", W, green), "=", ("x.T", x[::-1], blue), "@", ("dy", y, orange)],
        [("dx", x, blue), "=", ("dy", y, orange), "@", ("W.T", W[::-1], green)],
        [("db", b, gray), "=", _("sum of the rows of"), ("dy", y, orange)],
    ]
    cell, left = 0.2, (0.0, 4.6)
    picture, axes = canvas(
        width=8.6,
        height=3.3,
        alt=_(
            "Four equations drawn as blocks of cells: y = x W + b, and the gradients dW, dx and db. "
            "Each gradient is a block as tall and as wide as the array that it belongs to."
        ),
    )
    picture.set_layout_engine("none")
    axes.set(position=(0, 0, 1, 1), xlim=(-0.2, 8.4), ylim=(-2.9, 0.4))
    axes.set_axis_off()
    axes.text(0, 0.25, _("A gradient has the shape of what it belongs to"), va="top", size=12)
    for i, equation in enumerate(equations):
        right, middle = left[i % 2], -0.7 - 1.45 * (i // 2)
        for part in equation:
            if isinstance(part, str):
                width, size = (0.36, 12) if len(part) == 1 else (1.44, 10)
                axes.text(right + width / 2, middle, part, size=size, **MIDDLE)
                right += width
                continue
            name, (rows, columns), color = part
            top, width = middle + rows * cell / 2, columns * cell
            for r, c in np.ndindex(rows, columns):
                corner = right + c * cell, top - (r + 1) * cell
                axes.add_patch(Rectangle(corner, cell, cell, fc=color, ec=BLACK, lw=0.8))
            axes.text(right + width / 2, top + 0.13, name, weight="bold", **MIDDLE)
            shape = f"({columns},)" if name in ("b", "db") else f"({rows}, {columns})"
            axes.text(right + width / 2, top - rows * cell - 0.14, shape, size=9, **MIDDLE)
            right += width
    return picture


@styled
def folds(x: np.ndarray, labels: np.ndarray, predict: Any, W: np.ndarray, b: np.ndarray) -> Picture:
    """The output of a network of two inputs as a map, with the line where each hidden unit bends it.

    x (n, 2) and labels (n,) are the examples; predict maps (m, 2) to (m,); unit j bends the plane
    where x W[:, j] + b[j] = 0.
    """
    picture, axes = canvas(
        width=5.6,
        height=4.6,
        alt=_(
            "A map of the output over the square of the two inputs: near 0 at (0, 0) and (1, 1), near "
            "1 at the other two corners. Dashed lines show where hidden units bend the surface."
        ),
    )
    side = np.linspace(-0.5, 1.5, 201)
    plane = np.stack(np.meshgrid(side, side), axis=-1)
    output = predict(plane.reshape(-1, 2)).reshape(201, 201)
    levels = np.linspace(-0.6, 1.6, 12)
    colors = axes.contourf(side, side, output, levels, cmap=DIVERGING, extend="both", alpha=0.75)
    axes.contour(side, side, output, [0.5], colors=BLACK)
    for w, shift in zip(W.T, b):
        nearest = -shift * w / (w @ w)  # the point of the line that is nearest to (0, 0)
        axes.axline(nearest, nearest + [-w[1], w[0]], color=GRAY, lw=1, ls="--")
    for point, label in zip(x, labels):
        axes.text(
            *point,
            f"{label:g}",
            weight="bold",
            bbox={"boxstyle": "circle", "fc": "white", "ec": BLACK},
            **MIDDLE,
        )
    axes.set(xlabel="x₁", ylabel="x₂", xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), aspect="equal")
    axes.set(xticks=[0, 1], yticks=[0, 1])
    axes.set_title(_("The network bends the plane until XOR fits"))
    picture.colorbar(colors, label=_("output"), ticks=[-0.5, 0, 0.5, 1, 1.5])
    return picture


@styled
def symmetry(equal: np.ndarray, random: np.ndarray) -> Picture:
    """The weights from the first input to each hidden unit, (steps, units), for two ways to start."""
    picture, (left, right) = canvas(
        1,
        2,
        width=9.0,
        height=3.4,
        sharey=True,
        alt=_(
            "Weights against steps of training. Left, all start at one value: they move, but as a "
            "single line. Right, they start at random, and each goes its own way."
        ),
    )
    left.plot(equal, color=BLUE)
    left.set_title(_("All equal: {n} weights, one line").format(n=equal.shape[1]))
    right.plot(random)
    right.set_title(_("Random: {n} weights, {n} ways").format(n=random.shape[1]))
    left.set(xlabel=_("step"), ylabel=_("weight for x₁"))
    right.set(xlabel=_("step"))
    return picture


@styled
def masks(right: Sequence[float], wrong: Sequence[float]) -> Picture:
    """The loss after each epoch, with the right mask of ReLU in the backward pass and with a wrong one."""
    picture, axes = canvas(
        height=3.4,
        alt=_("The loss against epochs, with the right mask and with the wrong one. Both fall."),
    )
    epochs = range(1, len(right) + 1)
    axes.plot(epochs, wrong, "^--", color=ORANGE, label=_("wrong mask"))
    axes.plot(epochs, right, "o-", color=BLUE, label=_("right mask"))
    axes.set(xlabel=_("epoch"), ylabel=_("loss"), xticks=epochs, ylim=(0, None))
    axes.set_title(_("Both learn: no curve says that something is wrong"))
    axes.legend()
    return picture


@styled
def cost(
    parameters: Sequence[int], numerical: Sequence[float], backward: Sequence[float]
) -> Picture:
    """Multiplications for one gradient against the number of parameters, log-log."""
    picture, axes = canvas(
        height=3.8,
        alt=_(
            "Multiplications for one gradient against the number of parameters, both axes "
            "logarithmic. By central differences they grow with the square, from {a:.0e} to {b:.0e}; "
            "by backpropagation in proportion, from {c:.0e} to {d:.0e}."
        ).format(a=numerical[0], b=numerical[-1], c=backward[0], d=backward[-1]),
    )
    axes.loglog(parameters, numerical, "o-", color=ORANGE, label=_("central differences"))
    axes.loglog(parameters, backward, "^-", color=BLUE, label=_("backpropagation"))
    axes.set(xlabel=_("parameters of the network"), ylabel=_("multiplications per image"))
    axes.set_title(_("Ten times the parameters: a hundred times the work, or ten"))
    axes.legend()
    return picture


@styled
def depth(gradients: Mapping[str, Sequence[float]]) -> Picture:
    """The typical size of the gradient of W in each layer, on a logarithmic scale."""
    picture, axes = canvas(
        height=3.8,
        alt=_("The size of the gradient in each layer, first to last.")
        + " "
        + "; ".join(
            _("{name}: from {first:.0e} to {last:.0e}").format(name=name, first=g[0], last=g[-1])
            for name, g in gradients.items()
        ),
    )
    for (name, sizes), color, mark in zip(gradients.items(), (ORANGE, BLUE, GREEN), "o^s"):
        layers = range(1, len(sizes) + 1)
        axes.semilogy(layers, sizes, mark + "-", color=color, label=name)
    axes.set(
        xticks=layers,
        xlabel=_("layer, from the input to the output"),
        ylabel=_("typical size of dW"),
    )
    axes.set_title(_("Through sigmoids the gradient fades on its way back"))
    axes.legend()
    return picture


# The layout, after Sugiyama, Tagawa and Toda (1981): columns by depth; a long arrow stops in each
# column that it passes; then rows, each near those of its neighbors.

Route = list[Any]  # from an input to the node that uses it: Values at the ends, stops between


def _layout(
    nodes: Sequence[Value],
) -> tuple[dict[tuple[Value, int], Route], dict[Any, int], dict[Any, float]]:
    """The route to each node from its k-th input; the column and the row of every node and stop."""
    column: dict[Any, int] = {}
    for node in nodes:
        column[node] = 1 + max((column[parent] for parent, slope in node.inputs), default=-1)
    for node in reversed(nodes):  # a number typed in stands next to the first box that uses it
        users = [user for user in nodes if node in dict(user.inputs)]
        if users and not node.inputs:
            column[node] = min(column[user] for user in users) - 1

    routes: dict[tuple[Value, int], Route] = {}
    neighbors: dict[Any, list[Any]] = {node: [] for node in nodes}
    for node in nodes:
        for k, (parent, slope) in enumerate(node.inputs):
            route: Route = [parent]
            for between in range(column[parent] + 1, column[node]):
                stop = (node, k, between)
                column[stop], neighbors[stop] = between, []
                route.append(stop)
            routes[node, k] = route = [*route, node]
            for a, b in pairwise(route):
                neighbors[a].append(b)
                neighbors[b].append(a)

    columns = [
        [item for item in column if column[item] == c] for c in range(max(column.values()) + 1)
    ]
    row = {item: i - len(items) / 2 for items in columns for i, item in enumerate(items)}
    for items in [*columns, *reversed(columns)] * 20:
        wish = {item: float(np.mean([row[n] for n in neighbors[item] or [item]])) for item in items}
        items.sort(key=wish.__getitem__)
        row |= zip(items, _spread(items, wish))
    return routes, column, row


def _spread(items: Sequence[Any], wish: Mapping[Any, float]) -> np.ndarray:
    """The rows nearest to the wishes that keep this order, and boxes 1 apart, a stop 0.6.

    Pool adjacent violators: items that would come too close form a group, around its mean wish.
    """
    room = [1.0 if isinstance(item, Value) else 0.6 for item in items]
    offset = np.cumsum([0.0, *map(min, room, room[1:])])
    groups: list[list[float]] = []
    for item, shift in zip(items, offset):
        groups.append([wish[item] - shift])
        while len(groups) > 1 and np.mean(groups[-2]) > np.mean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return offset + np.concatenate([np.full(len(group), np.mean(group)) for group in groups])
