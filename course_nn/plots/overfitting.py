"""The pictures of chapter 6: the gap, luck, folds, weights, dropout, shifts, methods compared.

Everywhere training is blue, with round points, and validation orange, with triangles.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from course_nn.i18n import _
from course_nn.plots import (
    AMBER,
    BLACK,
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    Picture,
    canvas,
    styled,
)

INK = "gray_r"  # 0 is paper
TINT = "#f0f0f0"
CENTERED: dict[str, Any] = {"ha": "center", "va": "center"}
Accuracies = Sequence[float] | np.ndarray


@styled
def gap(history: Mapping[str, Sequence[float]]) -> Picture:
    """Accuracy and loss of training and validation, epoch by epoch, and the gap between them."""
    lowest = int(np.argmin(history["val_loss"]))
    picture, (left, right) = canvas(
        1,
        2,
        width=9.0,
        height=3.8,
        alt=_(
            "Over {epochs} epochs. Left, the accuracy: training reaches {accuracy:.0%}, validation "
            "stays at {val_accuracy:.0%}. Right, the loss: training falls to {loss:.2f}; "
            "validation falls to {lowest:.2f} in epoch {epoch}, then climbs to {val_loss:.2f}."
        ).format(
            epochs=len(history["loss"]),
            lowest=history["val_loss"][lowest],
            epoch=lowest + 1,
            **{name: values[-1] for name, values in history.items()},
        ),
    )
    epochs = np.arange(1, len(history["loss"]) + 1)
    for axes, name, scale in ((left, "accuracy", 100), (right, "loss", 1)):
        training, validation = (scale * np.array(history[key]) for key in (name, f"val_{name}"))
        axes.fill_between(epochs, training, validation, color=TINT)
        axes.plot(epochs, training, "o-", color=BLUE, ms=3, label=_("training"))
        axes.plot(epochs, validation, "^--", color=ORANGE, ms=4, label=_("validation"))
        axes.set(xlabel=_("epoch"))
    left.set(
        ylabel=_("images read right (%)"),
        title=_("All training images are learned, the others not"),
    )
    left.legend(loc="lower right")
    value = history["val_loss"][lowest]
    right.plot(lowest + 1, value, "o", ms=12, mfc="none", mec=BLACK)
    right.annotate(
        _("lowest"), (lowest + 1, value), xytext=(0, -20), textcoords="offset points", ha="center"
    )
    right.set(ylabel=_("loss"), ylim=(0, None), title=_("The validation loss turns and climbs"))
    return picture


@styled
def capacity(units: Sequence[int], training: Accuracies, validation: Accuracies) -> Picture:
    """Accuracy against the number of hidden neurons."""
    picture, axes = _against(
        units,
        training,
        validation,
        _("hidden neurons"),
        _("Too small learns too little; too large does no harm here"),
    )
    fitting = units[int(np.argmax(np.array(training) > 0.98))]
    axes.axvspan(units[0] * 0.8, fitting / 1.4, color=TINT, zorder=0)
    axes.text(units[0], 103, _("underfitting"), color=GRAY, va="center")
    return picture


@styled
def amount(sizes: Sequence[int], training: Accuracies, validation: Accuracies) -> Picture:
    """Accuracy against the number of training images: the learning curve of the data."""
    picture, axes = _against(
        sizes,
        training,
        validation,
        _("training images"),
        _("More images close the gap, from below"),
    )
    axes.fill_between(
        sizes, 100 * np.array(training), 100 * np.array(validation), color=TINT, zorder=0
    )
    return picture


def _against(
    x: Sequence[int], training: Accuracies, validation: Accuracies, xlabel: str, title: str
) -> tuple[Picture, Axes]:
    """Two accuracies against numbers on a logarithmic axis."""
    points = "; ".join(
        _("{x:,}: training {training:.0%}, validation {validation:.0%}").format(
            x=n, training=t, validation=v
        )
        for n, t, v in zip(x, training, validation, strict=True)
    )
    picture, axes = canvas(height=3.8, alt=f"{title}. {xlabel.capitalize()}: {points}.")
    axes.semilogx(x, 100 * np.array(training), "o-", color=BLUE, ms=6, label=_("training"))
    axes.semilogx(x, 100 * np.array(validation), "^--", color=ORANGE, ms=7, label=_("validation"))
    axes.set_xticks(x, [f"{n:,}" for n in x])
    axes.minorticks_off()
    axes.set(xlabel=xlabel, ylabel=_("images read right (%)"), title=title)
    axes.set(xlim=(x[0] * 0.8, x[-1] * 1.25), ylim=(None, 107))
    axes.legend(loc="lower right")
    return picture, axes


@styled
def luck(scores: Mapping[int, np.ndarray], worth: float) -> Picture:
    """Scores of equally good candidates, a row for each number of images; the best is marked."""
    picture, axes = canvas(
        height=3.4,
        alt=_("Scores of candidates that are each worth {worth:.0%}. {rows}.").format(
            worth=worth,
            rows="; ".join(
                _("{n:,} images: scores from {low:.1%} to {high:.1%}").format(
                    n=n, low=values.min(), high=values.max()
                )
                for n, values in scores.items()
            ),
        ),
    )
    rng = np.random.default_rng(0)
    for row, (n, values) in enumerate(scores.items()):
        height = -row + rng.uniform(-0.16, 0.16, len(values))
        axes.plot(100 * values, height, "o", color=BLUE, ms=5, alpha=0.5, mew=0)
        best = int(values.argmax())
        axes.plot(100 * values[best], height[best], "*", color=ORANGE, ms=15, mec="white", mew=0.5)
        label = _("best of {count}: {score:.1%}").format(count=len(values), score=values[best])
        axes.text(100 * values[best] + 0.35, height[best], label, color=ORANGE, va="center")
    axes.axvline(100 * worth, color=BLACK, lw=1)
    axes.text(100 * worth, 0.5, _("what each is worth"), ha="center", va="bottom")
    axes.set_yticks(-np.arange(len(scores)), [_("{n:,} images").format(n=n) for n in scores])
    axes.set(xlabel=_("images read right (%)"), ylim=(0.45 - len(scores), 0.45))
    axes.set_xlim(None, 100 * max(values.max() for values in scores.values()) + 3.2)
    axes.set_title(_("The best score is luck; more test images leave less of it"), pad=24)
    return picture


@styled
def folds(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Picture:
    """A row for each fold: which examples are trained on, and which are validated."""
    k, n = len(pairs), sum(len(validation) for _training, validation in pairs)
    picture, axes = canvas(
        width=8.4,
        height=0.42 * k + 1.5,
        alt=_("A table of {k} rounds and {n} examples. Validated are: {parts}.").format(
            k=k,
            n=n,
            parts="; ".join(
                _("in round {round} the examples {rows}").format(
                    round=i, rows=", ".join(map(str, sorted(validation)))
                )
                for i, (_training, validation) in enumerate(pairs, 1)
            ),
        ),
    )
    table = np.zeros((k, n))
    for row, (_training, validation) in enumerate(pairs):
        table[row, validation] = 1
    axes.pcolormesh(table, cmap=ListedColormap(["#b9d3e6", ORANGE]), edgecolors="white", lw=2)
    axes.invert_yaxis()
    axes.set_yticks(np.arange(k) + 0.5, [_("round {i}").format(i=i + 1) for i in range(k)])
    axes.set_xticks(np.arange(n) + 0.5, [str(i) for i in range(n)])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(
        xlabel=_("example"),
        title=_("Every example is validated once (orange), and trained on in all other rounds"),
    )
    return picture


@styled
def stopping(losses: Sequence[float], stops: Mapping[int, tuple[int, int | None]]) -> Picture:
    """A validation loss; for each patience a ring at the best epoch, and below it the wait.

    stops: (best, stopped) by patience, epochs counted from 0; stopped is None where none was.
    """
    told = [
        _("patience {patience}: back to epoch {best}").format(patience=patience, best=best)
        for patience, (best, _stopped) in stops.items()
    ]
    picture, axes = canvas(
        height=3.8,
        alt=_("A validation loss that falls, then climbs. {stops}.").format(stops="; ".join(told)),
    )
    axes.plot(losses, "^--", color=ORANGE, ms=4, lw=1.2)
    low, high = min(losses), max(losses[2:])
    for row, ((best, stopped), label, color) in enumerate(
        zip(stops.values(), told, [BLUE, GREEN, BLACK])
    ):
        end = len(losses) - 1 if stopped is None else stopped
        height = low - (0.15 + 0.15 * row) * (high - low)
        axes.plot([best, end], [height, height], color=color, lw=3)
        axes.plot(end, height, "|", color=color, ms=12, mew=3)
        axes.plot(best, losses[best], "o", ms=10 + 5 * row, mfc="none", mec=color, mew=1.8)
        axes.text(end + 0.7, height, label, color=color, va="center")
    axes.set(xlabel=_("epoch, counted from 0"), ylabel=_("validation loss"))
    axes.set(xlim=(-1, len(losses)), ylim=(low - 0.6 * (high - low), low + 1.3 * (high - low)))
    axes.set_title(_("A patient run finds the lowest point, and pays with epochs"))
    return picture


@styled
def near_zero(steps: Sequence[float], thresholded: Sequence[float]) -> Picture:
    """One weight under L1 alone: with plain steps, and with steps that stop at zero."""
    picture, axes = canvas(
        height=3.4,
        alt=_(
            "A weight over {n} steps. Plain steps bring it near zero, then it jumps from side to "
            "side: its last values are {before:.4f} and {last:.4f}. Thresholded steps reach zero "
            "and stay there."
        ).format(n=len(steps) - 1, before=steps[-2], last=steps[-1]),
    )
    axes.axhline(0, color=GRAY, lw=1)
    axes.plot(steps, "^-", color=ORANGE, ms=6, lw=1.2, label=_("plain steps"))
    axes.plot(thresholded, "o-", color=BLUE, ms=5, lw=1.2, label=_("thresholded steps"))
    axes.set(
        xlabel=_("step"),
        ylabel=_("weight"),
        title=_("Plain steps jump over zero, thresholded ones stop there"),
    )
    axes.legend(loc="upper right")
    return picture


@styled
def weights(kernels: Mapping[str, np.ndarray]) -> Picture:
    """Histograms of weights, side by side, and the share that is almost zero."""
    near = {name: np.mean(np.abs(kernel) < 0.001) for name, kernel in kernels.items()}
    picture, row = canvas(
        1,
        len(kernels),
        width=9.0,
        height=3.6,
        sharex=True,
        sharey=True,
        alt=_("Histograms of weights. {panels}.").format(
            panels="; ".join(
                _("{name}: spread {spread:.3f}, {near:.0%} nearer to zero than 0.001").format(
                    name=name, spread=kernel.std(), near=near[name]
                )
                for name, kernel in kernels.items()
            )
        ),
    )
    bins = np.linspace(-0.3, 0.3, 121)
    for axes, (name, kernel), color in zip(row, kernels.items(), (GRAY, BLUE, ORANGE)):
        axes.hist(kernel.ravel(), bins, color=color)
        axes.set(yscale="log", xlabel=_("weight"))
        axes.set_title(
            _("{name}\n|w| < 0.001: {near:.0%}").format(name=name, near=near[name]), fontsize=11
        )
    row[0].set_ylabel(_("how many weights"))
    title = _("Both penalties draw the weights together, L1 most of them to almost zero")
    picture.suptitle(title, x=0.01, ha="left", fontsize=12)
    return picture


@styled
def thinned(masks: Sequence[Sequence[int]], rate: float) -> Picture:
    """A small network: thinned in training, by a mask for each step, and whole in prediction."""
    told = [_("Training, step {i}").format(i=i) for i in range(1, len(masks) + 1)] + [
        _("Prediction")
    ]
    factor = f"×{1 / (1 - rate):.3g}"
    picture, row = canvas(
        1,
        len(told),
        width=9.0,
        height=3.3,
        alt=_(
            "A network with one hidden layer, {steps} times in training, each time with some of "
            "its hidden neurons crossed out, the others marked {factor}, and once in prediction, "
            "with all its neurons, marked ×1."
        ).format(steps=len(masks), factor=factor),
    )
    columns = [
        np.linspace(0.85, 0.15, 3),
        np.linspace(1, 0, len(masks[0])),
        np.linspace(0.75, 0.25, 2),
    ]
    whole = [1] * len(masks[0])
    for axes, mask, title in zip(row, [*masks, whole], told):
        for x, (starts, ends) in enumerate(pairwise(columns)):
            for i, start in enumerate(starts):
                for j, end in enumerate(ends):
                    if mask[j if x == 0 else i]:
                        axes.plot([x, x + 1], [start, end], color=GRAY, lw=0.8, zorder=1)
        for x, heights in enumerate(columns):
            for i, y in enumerate(heights):
                kept = x != 1 or mask[i]
                axes.plot(
                    x,
                    y,
                    "o",
                    ms=22 if x == 1 else 14,
                    mfc="white",
                    mec=BLUE if kept else GRAY,
                    mew=1.5,
                    zorder=2,
                )
                if not kept:
                    axes.plot(x, y, "x", ms=11, color=ORANGE, mew=2.5, zorder=3)
                elif x == 1:
                    axes.text(
                        x, y, "×1" if mask is whole else factor, fontsize=9, zorder=3, **CENTERED
                    )
        axes.set(xlim=(-0.3, 2.3), ylim=(-0.15, 1.15))
        axes.set_title(title, fontsize=11, loc="center")
        axes.set_axis_off()
    picture.suptitle(
        _("Every training step has its own smaller network"), x=0.01, ha="left", fontsize=12
    )
    return picture


@styled
def shifts(images: np.ndarray, moves: Sequence[tuple[int, int]]) -> Picture:
    """One image in several places, each with the rows and columns by which it moved."""
    told = [f"({dy:+d}, {dx:+d})".replace("-", "−").replace("+0", "0") for dy, dx in moves]
    picture, row = canvas(
        1,
        len(images),
        width=9.0,
        height=1.55,
        alt=_("The same digit {n} times, moved by (rows, columns): {moves}.").format(
            n=len(images), moves=", ".join(told)
        ),
    )
    for axes, image, caption in zip(row, images, told, strict=True):
        axes.imshow(image, INK)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=GRAY)
        axes.set_title(caption, fontsize=10, loc="center", pad=4)
    picture.suptitle(
        _("One image becomes nine: moved by (rows, columns)"), x=0.01, ha="left", fontsize=12
    )
    return picture


@styled
def moved(distances: Sequence[int], accuracies: Mapping[str, Accuracies]) -> Picture:
    """Accuracy on images that were moved to the right, for several networks."""
    picture, axes = canvas(
        height=3.6,
        alt=_("Images read right against the distance by which they were moved. {curves}.").format(
            curves="; ".join(
                _("{name}: from {first:.0%} to {last:.0%}").format(
                    name=name, first=values[0], last=values[-1]
                )
                for name, values in accuracies.items()
            )
        ),
    )
    for (name, values), (color, style) in zip(accuracies.items(), [(ORANGE, "^--"), (BLUE, "o-")]):
        axes.plot(distances, 100 * np.array(values), style, color=color, ms=7, label=name)
    axes.set(
        xlabel=_("moved by (pixels)"),
        ylabel=_("images read right (%)"),
        ylim=(0, 103),
        xticks=distances,
    )
    axes.set_title(_("What it has never seen moved, it cannot read moved"))
    axes.legend(loc="upper right")
    return picture


@styled
def methods(tables: Mapping[str, Mapping[str, np.ndarray]]) -> Picture:
    """A panel for each kind of data: every method's accuracies, a dot a run, mean and spread."""
    picture, row = canvas(
        1,
        len(tables),
        width=9.6,
        height=5.0,
        sharey=True,
        alt=_("Test accuracies of several methods, mean ± standard deviation. {panels}.").format(
            panels=". ".join(
                f"{title}: "
                + "; ".join(
                    f"{name} {values.mean():.1%} ± {values.std(ddof=1):.1%}"
                    for name, values in table.items()
                )
                for title, table in tables.items()
            )
        ),
    )
    for axes, (title, table) in zip(row, tables.items()):
        first = next(iter(table.values()))
        middle, spread = 100 * first.mean(), 100 * first.std(ddof=1)
        axes.axvspan(middle - spread, middle + spread, color=TINT, zorder=0)
        axes.axvline(middle, color=GRAY, lw=1, zorder=0)
        for height, values in enumerate(table.values()):
            percent = 100 * values
            below = np.full(len(percent), -height - 0.25)
            mean, spread = percent.mean(), percent.std(ddof=1)
            axes.errorbar(
                mean,
                -height,
                xerr=spread,
                fmt="D",
                color=BLUE,
                ms=6,
                capsize=4,
                label=_("mean ± spread"),
            )
            axes.plot(
                percent, below, "o", color=AMBER, ms=5, mec="white", mew=0.5, label=_("each run")
            )
        axes.set(xlabel=_("test images read right (%)"), title=title)
    handles, labels = row[0].get_legend_handles_labels()
    once = dict(zip(labels, handles))
    picture.legend(once.values(), once.keys(), loc="outside lower center", ncols=2)
    title = _("Holding back pays where there is something false to learn")
    picture.suptitle(title, x=0.01, ha="left", fontsize=12)
    row[0].set_yticks(-np.arange(len(table)), list(table))
    row[0].set_ylim(-len(table) + 0.4, 0.6)
    return picture
