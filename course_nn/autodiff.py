"""A scalar computational graph: compute forward, then differentiate backward.

A `Value` is one number that remembers how it was made: the operation, the values that went in, and
beside each of them the local derivative, the slope of the new number by that input. The backward
pass needs no more. It walks the graph once, from the result to the inputs, and adds to the gradient
of each input the local derivative times the gradient of the node: the chain rule.

    >>> x, y = Value(2.0), Value(3.0)
    >>> f = (x + y) * x
    >>> f.backward()
    >>> f.data, x.grad, y.grad
    (10.0, 7.0, 2.0)

Source: Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating
errors", Nature 323; for any graph of operations, S. Linnainmaa (1976), BIT 16.
"""

from __future__ import annotations

import math
from numbers import Real

from course_nn.i18n import _


class Value:
    """One number of a graph: ``data``, and ``grad``, the derivative of the result by this number.

    ``op`` names the operation that made it ("" for a number typed in), ``inputs`` holds its pairs
    (input, local derivative), and ``name`` is for people and pictures. After a change of ``data``,
    compute the result anew: what was computed before keeps the old numbers.

    Raises:
        TypeError: ``data`` is not one number.
    """

    def __init__(
        self,
        data: float,
        name: str = "",
        op: str = "",
        inputs: tuple[tuple[Value, float], ...] = (),
    ) -> None:
        if not isinstance(data, (float, Real)):
            raise TypeError(
                _("A Value holds one number, not a {kind}. Make one Value of each number.").format(
                    kind=type(data).__name__
                )
            )
        self.data = float(data)
        self.grad = 0.0
        self.name = name
        self.op = op
        self.inputs = inputs

    def __repr__(self) -> str:
        return f"Value({self.data:.6g}, grad={self.grad:.6g})"

    # Each operation: the new number, and beside every input the slope of the new number by it.

    def __add__(self, other: Value | float) -> Value:
        other = _value(other)
        return Value(self.data + other.data, op="+", inputs=((self, 1.0), (other, 1.0)))

    def __sub__(self, other: Value | float) -> Value:
        other = _value(other)
        return Value(self.data - other.data, op="-", inputs=((self, 1.0), (other, -1.0)))

    def __mul__(self, other: Value | float) -> Value:
        other = _value(other)
        y = self.data * other.data
        return Value(y, op="*", inputs=((self, other.data), (other, self.data)))

    def __truediv__(self, other: Value | float) -> Value:
        other = _value(other)
        if other.data == 0:
            raise ZeroDivisionError(
                _("{x:g} / 0 has no value. Keep the divisor away from zero.").format(x=self.data)
            )
        y = self.data / other.data
        return Value(y, op="/", inputs=((self, 1 / other.data), (other, -y / other.data)))

    def __pow__(self, n: float) -> Value:
        if not isinstance(n, (float, Real)):
            raise TypeError(
                _(
                    "The exponent must be a plain number, as in x ** 3, not a {kind}. "
                    "Where the exponent varies too, write (exponent * base.log()).exp()."
                ).format(kind=type(n).__name__)
            )
        x, n = self.data, float(n)
        if (x < 0 and n % 1 != 0) or (x == 0 and n < 1 and n != 0):
            raise ValueError(
                _("x ** {n:g} has no derivative at x = {x:g}. Keep x above zero.").format(n=n, x=x)
            )
        return Value(x**n, op=f"** {n:g}", inputs=((self, n * x ** (n - 1) if n else 0.0),))

    def __neg__(self) -> Value:
        return Value(-self.data, op="neg", inputs=((self, -1.0),))

    def exp(self) -> Value:
        """e^x, with derivative e^x."""
        y = math.exp(self.data)
        return Value(y, op="exp", inputs=((self, y),))

    def log(self) -> Value:
        """The natural logarithm of x, with derivative 1 / x; ValueError unless x > 0."""
        if self.data <= 0:
            raise ValueError(
                _("log({x:g}) has no value. Keep the number above zero.").format(x=self.data)
            )
        return Value(math.log(self.data), op="log", inputs=((self, 1 / self.data),))

    def tanh(self) -> Value:
        """y = tanh(x), with derivative 1 - y^2."""
        y = math.tanh(self.data)
        return Value(y, op="tanh", inputs=((self, 1 - y * y),))

    def sigmoid(self) -> Value:
        """y = 1 / (1 + e^-x), with derivative y (1 - y)."""
        small = math.exp(-abs(self.data))  # never overflows, unlike e^-x
        y = (1.0 if self.data >= 0 else small) / (1 + small)
        return Value(y, op="sigmoid", inputs=((self, y * (1 - y)),))

    def relu(self) -> Value:
        """max(x, 0), with derivative 1 where x > 0 and 0 elsewhere (at the kink by convention)."""
        return Value(max(self.data, 0.0), op="relu", inputs=((self, float(self.data > 0)),))

    # A plain number on the left: 2 + x calls __radd__.

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: float) -> Value:
        return Value(other) - self

    def __rtruediv__(self, other: float) -> Value:
        return Value(other) / self

    def graph(self) -> list[Value]:
        """All values that this one is made of, each after its own inputs; this one is the last."""
        order: list[Value] = []
        seen: set[Value] = set()
        stack = [(self, False)]  # not recursion, which Python ends at a depth of 1,000
        while stack:
            node, inputs_done = stack.pop()
            if inputs_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent, slope in reversed(node.inputs))
        return order

    def backward(self) -> None:
        """Set ``grad`` of every value in the graph to d(this) / d(that value), by the chain rule.

        All start at zero, so that a second call gives the same gradients.
        """
        order = self.graph()
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.inputs:
                parent.grad += slope * node.grad


def _value(number: Value | float) -> Value:
    return number if isinstance(number, Value) else Value(number)
