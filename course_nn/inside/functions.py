"""The functions that exercises pass as arguments, by name: ``CATALOGUE["square"]`` is `square`.

NumPy alone is imported, and nothing of the course: a grader's sandbox has this file and no other.
The first line of each docstring is the formula; a learner sees it beside a call that failed.
"""

import numpy as np

# Of one number, entry by entry on an array


def square(x):
    """x ** 2"""
    return x**2


def cube(x):
    """x ** 3"""
    return x**3


def line(x):
    """3 * x + 1"""
    return 3 * x + 1


def sine(x):
    """np.sin(x)"""
    return np.sin(x)


def growth(x):
    """np.exp(x)"""
    return np.exp(x)


def relu(x):
    """np.maximum(x, 0)"""
    return np.maximum(x, 0)


def tanh(x):
    """np.tanh(x)"""
    return np.tanh(x)


# Of an array, with one number as their value


def sum_of_squares(x):
    """np.sum(x ** 2)"""
    return np.sum(x**2)


def sum_of_cubes(x):
    """np.sum(x ** 3)"""
    return np.sum(x**3)


def product(x):
    """np.prod(x)"""
    return np.prod(x)


def surface(x):
    """x[0] ** 2 * x[1] + x[1] + 2"""
    return x[0] ** 2 * x[1] + x[1] + 2


# Gradients of these, and one that is wrong


def sum_of_cubes_gradient(x):
    """3 * x ** 2"""
    return 3 * x**2


def surface_gradient(x):
    """np.array([2 * x[0] * x[1], x[0] ** 2 + 1])"""
    return np.array([2 * x[0] * x[1], x[0] ** 2 + 1])


def surface_gradient_without_1(x):
    """np.array([2 * x[0] * x[1], x[0] ** 2])"""
    return np.array([2 * x[0] * x[1], x[0] ** 2])


# Slopes and gradients, to descend along


def square_slope(x):
    """2 * x"""
    return 2 * x


def two_minima_slope(x):
    """4 * x ** 3 - 6 * x + 1"""
    return 4 * x**3 - 6 * x + 1


def logarithm(x):
    """np.log(x)"""
    return np.log(x)


def bowl_gradient(x):
    """np.array([x[0], 10 * x[1]])"""
    return np.array([x[0], 10 * x[1]])


def valley_gradient(x):
    """np.array([2 * (x[0] - 1) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)])"""
    step = x[1] - x[0] ** 2
    return np.array([2 * (x[0] - 1) - 400 * x[0] * step, 200 * step])


CATALOGUE = {
    name: function
    for name, function in list(globals().items())
    if callable(function) and getattr(function, "__module__", None) == __name__
}
