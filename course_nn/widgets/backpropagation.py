"""The computational graph of chapter 4, forward and backward box by box."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from course_nn.autodiff import Value
from course_nn.i18n import _
from course_nn.look import BLACK, BLUE, GRAY, ORANGE
from course_nn.plots import backpropagation
from course_nn.plots.backpropagation import SIGNS, SLOPE_SIZE, digits, set_number
from course_nn.widgets import (
    Drawing,
    Interactive,
    Note,
    Stage,
    button,
    choice,
    controls,
    slider,
)


class Formula(NamedTuple):
    """A function of `Value`s that names what it makes, and the numbers that it starts with."""

    compute: Callable[..., Value]
    numbers: dict[str, float]

    def __call__(self, numbers: dict[str, float]) -> Value:
        """The result for ``numbers``, with its gradients."""
        result = self.compute(*(Value(numbers[name], name) for name in self.numbers))
        result.backward()
        return result


def product(x: Value, y: Value) -> Value:
    s = _named(x + y, "s")
    return _named(s * x, "f")


def neuron(w1: Value, x1: Value, w2: Value, x2: Value, b: Value) -> Value:
    p1, p2 = _named(w1 * x1, "p₁"), _named(w2 * x2, "p₂")
    s = _named(p1 + p2, "s")
    z = _named(s + b, "z")
    a = _named(z.sigmoid(), "a")
    error = _named(a - 1, "e")
    return _named(error**2, "loss")


def two_layers(v1: Value, x: Value, v2: Value, w1: Value, w2: Value, y: Value) -> Value:
    z1, z2 = _named(v1 * x, "z₁"), _named(v2 * x, "z₂")
    h1, h2 = _named(z1.relu(), "h₁"), _named(z2.relu(), "h₂")
    p1, p2 = _named(w1 * h1, "p₁"), _named(w2 * h2, "p₂")
    a = _named(p1 + p2, "a")
    error = _named(a - y, "e")
    return _named(error**2, "loss")


def _named(value: Value, name: str) -> Value:
    value.name = name
    return value


PRODUCT = Formula(product, {"x": 2.0, "y": 3.0})
NEURON = Formula(neuron, {"w₁": 0.5, "x₁": 2.0, "w₂": -1.0, "x₂": 3.0, "b": 2.0})
TWO_LAYERS = Formula(two_layers, {"v₁": 1.5, "x": 2.0, "v₂": -1.0, "w₁": 0.5, "w₂": 1.0, "y": 1.0})


class Walk:
    """The drawn graph of ``formula``, and the steps through it.

    Step 0 knows what goes in. Then each box computes its value, in the order of `Value.graph`, and
    after the last, in the opposite order, each value gets its gradient.
    """

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        result = formula(formula.numbers)
        self.sketch = sketch = backpropagation.sketch(result, width=7.5)
        self.nodes = nodes = result.graph()
        self.forward = [i for i, node in enumerate(nodes) if node.inputs]
        self.backward = [i for i, node in reversed([*enumerate(nodes)]) if node in sketch.grads]
        self.last = len(self.forward) + len(self.backward)
        texts: list[Any] = [*sketch.values.values(), *sketch.grads.values()]
        texts += [*sketch.slopes.values(), sketch.title]
        lines = [*sketch.frames.values(), *sketch.arrows.values()]
        self.drawing = Drawing(sketch.picture, [*lines, *texts])

    def show(self, step: int, numbers: dict[str, float]) -> str:
        """Draw the graph of ``numbers`` as it is after ``step``; say what the step has done."""
        nodes = self.formula(numbers).graph()
        ahead, back = self.forward[:step], self.backward[: max(0, step - len(self.forward))]
        current = [*ahead, *back][-1] if step else None
        sketch = self.sketch
        for i, (drawn, node) in enumerate(zip(self.nodes, nodes, strict=True)):
            computed = i in ahead or not node.inputs
            set_number(sketch.values[drawn], node.data)
            sketch.values[drawn].set_visible(computed)
            if drawn in sketch.grads:
                set_number(sketch.grads[drawn], node.grad)
                sketch.grads[drawn].set_visible(i in back)
                color = (ORANGE if back else BLUE) if i == current else BLACK
                sketch.frames[drawn].set(edgecolor=color, linewidth=3 if i == current else 1)
            for k, (parent, slope) in enumerate(node.inputs):
                text, arrow = sketch.slopes[drawn, k], sketch.arrows[drawn, k]
                used = (nodes.index(parent) if back else i) == current
                set_number(text, slope, SLOPE_SIZE)
                text.set(visible=computed, weight="bold" if used and back else "normal")
                arrow.set(color=(ORANGE if back else BLUE) if used else GRAY, zorder=1 + used)
                arrow.set(
                    linewidth=2.5 if used else 1, arrowstyle="<|-" if used and back else "-|>"
                )
        sketch.title.set_text(self._title(step))
        if current is None:
            return _("The numbers that go in are known. What will the first box compute?")
        if not back:
            return _computed(nodes[current])
        return _gradient(nodes[current], nodes)

    def _title(self, step: int) -> str:
        if step == 0:
            return _("Before the first step")
        if step <= len(self.forward):
            return _("Forward, {k} of {n}: every box computes from those on its left").format(
                k=step, n=len(self.forward)
            )
        return _("Backward, {k} of {n}: multiply along the arrows, add where they meet").format(
            k=step - len(self.forward), n=len(self.backward)
        )


def _computed(node: Value) -> str:
    """What the step forward to ``node`` computes, in letters and in numbers."""
    inputs = [parent for parent, slope in node.inputs]
    letters = _written(node.op, [parent.name or digits(parent.data) for parent in inputs])
    numbers = _written(node.op, [_factor(parent.data) for parent in inputs])
    slopes = [
        _("{slope} by {name}").format(slope=digits(slope), name=parent.name)
        for parent, slope in node.inputs
        if parent.name
    ]
    return _("{name} = {letters} = {numbers} = {value}. Local derivatives: {slopes}.").format(
        name=node.name,
        letters=letters,
        numbers=numbers,
        value=digits(node.data),
        slopes=", ".join(slopes),
    )


def _gradient(node: Value, nodes: Sequence[Value]) -> str:
    """What the step back to ``node`` computes: along each arrow, slope times gradient."""
    parts = [
        (slope, user) for user in reversed(nodes) for parent, slope in user.inputs if parent is node
    ]
    if not parts:
        return _("d{name} = 1: the result changes as fast as itself.").format(name=node.name)
    letters = " + ".join(f"{_factor(slope)} × d{user.name}" for slope, user in parts)
    numbers = " + ".join(f"{_factor(slope)} × {_factor(user.grad)}" for slope, user in parts)
    sentence = _("d{name} = {letters} = {numbers} = {grad}.").format(
        name=node.name, letters=letters, numbers=numbers, grad=digits(node.grad)
    )
    if len(parts) > 1:
        sentence += " " + _(
            "{name} is used {n} times: what comes back from each is added up."
        ).format(name=node.name, n=len(parts))
    return sentence


def _written(op: str, terms: Sequence[str]) -> str:
    if len(terms) == 2:
        return f"{terms[0]} {SIGNS.get(op, op)} {terms[1]}"
    if op == "** 2":
        return f"{terms[0]}²"
    return f"{op}({terms[0].strip('()')})"


def _factor(number: float) -> str:
    """The number, in parentheses if it has a minus sign."""
    return f"({digits(number)})" if digits(number).startswith("−") else digits(number)


def graph() -> Interactive:
    """The graph of a formula of the reader's choice, walked with "Next" and "Previous"."""
    formulas = {
        _("(x + y) × x"): PRODUCT,
        _("a neuron and its loss"): NEURON,
        _("two layers and their loss"): TWO_LAYERS,
    }
    walks: dict[str, Walk] = {}
    words = _("A computational graph. The sentence below it says what the step computes.")
    stage, note = Stage(alt=words), Note()
    stage.add_class("wide")
    which = choice(_("formula"), list(formulas), _("a neuron and its loss"))
    step = slider(_("step"), 0, 0, 1)
    names = {name: None for formula in formulas.values() for name in formula.numbers}
    inputs = {name: slider(name, 0.0, -4, 4, 0.5) for name in names}
    for control in inputs.values():
        control.layout.width = "190px"
    changing = False

    def update(*_: Any) -> None:
        if changing:
            return
        numbers = {name: inputs[name].value for name in formulas[which.value].numbers}
        walk = walks[which.value]
        note.say(walk.show(step.value, numbers))
        stage.show(walk.drawing)

    def choose(*_: Any) -> None:
        nonlocal changing
        formula = formulas[which.value]
        if which.value not in walks:
            walks[which.value] = Walk(formula)
        changing = True
        for name, control in inputs.items():
            control.layout.display = None if name in formula.numbers else "none"
            control.value = formula.numbers.get(name, 0.0)
        step.value, step.max = 0, walks[which.value].last
        changing = False
        update()

    def go(way: int) -> None:
        step.value += way  # the slider keeps it between its ends

    which.observe(choose, "value")
    for control in [step, *inputs.values()]:
        control.observe(update, "value")
    choose()
    return Interactive(
        backpropagation.graph(NEURON(NEURON.numbers)),
        [
            controls(which, step),
            controls(
                button(_("Next"), lambda: go(1)),
                button(_("Previous"), lambda: go(-1)),
                button(_("Start again"), choose),
            ),
            stage,
            note,
            controls(*inputs.values()),
        ],
    )
