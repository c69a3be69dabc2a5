"""The pictures of chapter 5: digits, shares, losses, training, errors, what a layer has learned."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

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

INK = "gray_r"  # 0 is paper
TINT = "#f0f0f0"


@styled
def digits(images: np.ndarray, labels: np.ndarray, each: int = 6) -> Picture:
    """The first images of every class, a column for each class."""
    classes = np.unique(labels)
    chosen = np.array([np.flatnonzero(labels == label)[:each] for label in classes])
    picture, axes = canvas(
        height=4.9,
        alt=_(
            "Handwritten digits, {each} of each class from {first} to {last}, written by many "
            "hands."
        ).format(each=each, first=classes[0], last=classes[-1]),
    )
    sheet, x, _y = _sheet(images[chosen.T.ravel()], len(classes), gap=2)
    axes.imshow(sheet, INK)
    axes.set_xticks(x, classes)
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=_("label"), title=_("Ten classes, and no two digits alike"))
    return picture


@styled
def pixels(image: np.ndarray, label: int, rows: slice, columns: slice) -> Picture:
    """An image, and beside it a part of its pixels as the numbers they are."""
    picture, (whole, part) = canvas(
        1,
        2,
        width=9.0,
        height=4.2,
        width_ratios=[1, 1.25],
        alt=_(
            "Left: a handwritten {label}, with a frame around a part of it. Right: the pixels in "
            "the frame as numbers, 0 where there is paper, up to {largest} where there is ink."
        ).format(label=label, largest=image[rows, columns].max()),
    )
    whole.imshow(image, INK, vmin=0, vmax=255)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    corner = columns.start - 0.5, rows.start - 0.5
    whole.add_patch(_frame(corner, width, height))
    whole.set_title(_("An image with the label {label}").format(label=label))
    part.imshow(image[rows, columns], INK, vmin=0, vmax=255, aspect="auto")
    for (row, column), value in np.ndenumerate(image[rows, columns]):
        color = "white" if value > 120 else BLACK
        part.text(column, row, value, color=color, ha="center", va="center", fontsize=9)
    part.set_title(_("The framed part, as the computer has it"))
    for axes in (whole, part):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=GRAY)
    part.spines[:].set(color=ORANGE, linewidth=2)
    return picture


@styled
def softmax(names: Sequence[str], scores: Sequence[float]) -> Picture:
    """Scores, their powers of e, and the shares that these have in their sum."""
    powers = np.exp(scores)
    shares = powers / powers.sum()
    picture, row = canvas(
        1,
        3,
        width=9.0,
        height=2.9,
        alt=_(
            "Bars for {names}. Scores: {scores}. Powers of e: {powers}. Shares: {shares}."
        ).format(
            names=", ".join(names),
            scores=", ".join(f"{score:g}" for score in scores),
            powers=", ".join(f"{power:.3f}" for power in powers),
            shares=", ".join(f"{share:.3f}" for share in shares),
        ),
    )
    for axes, values, title, form in (
        (row[0], np.asarray(scores), _("scores z"), "{:g}"),
        (row[1], powers, _("→ powers e^z"), "{:.3f}"),
        (row[2], shares, _("→ shares, in sum 1"), "{:.3f}"),
    ):
        bars = axes.bar(names, values, color=BLUE, width=0.6)
        axes.bar_label(bars, [form.format(value) for value in values], padding=2)
        axes.set(title=title, xlabel=_("digit"), yticks=[], ylim=(0, 1.2 * values.max()))
        axes.spines.left.set_visible(False)
    return picture


@styled
def cross_entropy(shares: Sequence[float]) -> Picture:
    """The loss against the share that the truth was given; some shares marked."""
    picture, axes = canvas(
        height=3.6,
        alt=_(
            "The loss −ln p against the share p of the true class. It is 0 at p = 1 and climbs "
            "ever more steeply towards p = 0. Marked: {marked}."
        ).format(marked=", ".join(f"p = {p:.3f}, −ln p = {-np.log(p):.2f}" for p in shares)),
    )
    p = np.linspace(0.005, 1, 400)
    axes.plot(p, -np.log(p), color=BLUE)
    for share in shares:
        loss = -np.log(share)
        axes.plot([share, share, 0], [0, loss, loss], ":", color=GRAY, lw=1)
        axes.plot(share, loss, "o", color=ORANGE)
        label = _("share {share:.3f}: loss {loss:.2f}").format(share=share, loss=loss)
        axes.annotate(label, (share, loss), xytext=(9, 4), textcoords="offset points")
    axes.set(xlabel=_("share p of the true class"), ylabel=_("loss −ln p"))
    axes.set(
        xlim=(0, 1.02),
        ylim=(0, 5),
        title=_("The less the truth was expected, the greater the loss"),
    )
    return picture


@styled
def forward(image: np.ndarray, hidden: np.ndarray, shares: np.ndarray) -> Picture:
    """The way of one image through the network: pixels, outputs of the hidden neurons, shares."""
    picture, (left, middle, right) = canvas(
        1,
        3,
        width=9.0,
        height=3.6,
        width_ratios=[1, 0.9, 1.1],
        alt=_(
            "An image of a digit, the outputs of {hidden} hidden neurons as bars, and the shares "
            "of the ten digits as bars. The largest: {best}, with {share:.0%}."
        ).format(hidden=len(hidden), best=shares.argmax(), share=shares.max()),
    )
    left.imshow(image, INK)
    left.set_anchor("N")
    left.set(xticks=[], yticks=[], title=_("{n} pixels").format(n=image.size))
    left.spines[:].set(visible=True, color=GRAY)
    middle.barh(np.arange(len(hidden)), hidden, color=BLUE)
    middle.invert_yaxis()
    title = _("→ {n} hidden neurons").format(n=len(hidden))
    middle.set(yticks=[], xlabel=_("output"), title=title)
    _share_bars(right, shares)
    return picture


@styled
def written(strokes: Sequence[ArrayLike], image: np.ndarray, shares: np.ndarray) -> Picture:
    """A digit as it was written on a pad, as the network gets it, and the shares that it gives.

    Args:
        strokes: for each stroke its points (x, y), 0 to 1, y down.
    """
    picture, (left, middle, right) = canvas(
        1,
        3,
        width=9.0,
        height=3.4,
        width_ratios=[1, 1, 1.1],
        alt=_(
            "A digit written on a pad, the image of {height} × {width} pixels that the network gets "
            "of it, and the shares of the ten digits as bars. The longest bar is that of the {best}."
        ).format(height=len(image), width=image.shape[1], best=shares.argmax()),
    )
    for stroke in map(np.asarray, strokes):
        left.plot(*stroke.T, color=BLACK, lw=15, solid_capstyle="round", solid_joinstyle="round")
    left.set(xlim=(0, 1), ylim=(1, 0), aspect="equal", title=_("A digit, written"))
    title = _("→ {height} × {width} pixels").format(height=len(image), width=image.shape[1])
    middle.imshow(image, INK, vmin=0, vmax=255)
    middle.set(title=title)
    for axes in (left, middle):
        axes.set(xticks=[], yticks=[], anchor="N")
        axes.spines[:].set(visible=True, color=GRAY)
    _share_bars(right, shares)
    return picture


@styled
def learning_curves(history: Mapping[str, Sequence[float]]) -> Picture:
    """Loss and accuracy, epoch by epoch, on the images trained on and on those kept out."""
    picture, (left, right) = canvas(
        1,
        2,
        width=9.0,
        height=3.8,
        alt=_(
            "Left the loss, right the accuracy, over {epochs} epochs. The training loss falls to "
            "{loss:.2f}, the validation loss to {val_loss:.2f}; the accuracies reach "
            "{accuracy:.1%} and {val_accuracy:.1%}."
        ).format(
            epochs=len(history["loss"]), **{name: values[-1] for name, values in history.items()}
        ),
    )
    epochs = np.arange(1, len(history["loss"]) + 1)
    for axes, name, scale in ((left, "loss", 1), (right, "accuracy", 100)):
        axes.plot(
            epochs, scale * np.array(history[name]), "o-", color=BLUE, ms=4, label=_("training")
        )
        validation = scale * np.array(history[f"val_{name}"])
        axes.plot(epochs, validation, "^--", color=ORANGE, ms=5, label=_("validation"))
        axes.set(xlabel=_("epoch"), xticks=epochs)
    left.set(ylabel=_("loss"), ylim=(0, None), title=_("The loss falls, for both at first"))
    right.set(ylabel=_("images read right (%)"), title=_("Training goes on, validation levels off"))
    left.legend(loc="upper right")
    return picture


@styled
def optimizers(curves: Mapping[str, Sequence[float]]) -> Picture:
    """The validation loss of several trainings, epoch by epoch."""
    picture, axes = canvas(
        height=3.8,
        alt=_("The validation loss over the epochs. {curves}.").format(
            curves="; ".join(
                _("{name}: from {first:.2f} to {last:.2f}").format(
                    name=name, first=values[0], last=values[-1]
                )
                for name, values in curves.items()
            )
        ),
    )
    styles = [(BLUE, "o-"), (ORANGE, "^--"), (GREEN, "s:")]
    for (name, values), (color, style) in zip(curves.items(), styles, strict=False):
        axes.plot(np.arange(1, len(values) + 1), values, style, color=color, ms=5, label=name)
    axes.set(
        xlabel=_("epoch"),
        ylabel=_("validation loss"),
        ylim=(0, None),
        xticks=range(1, len(values) + 1),
    )
    axes.set_title(_("With a good learning rate SGD keeps up with Adam"))
    axes.legend(loc="upper right", title=_("optimizer, learning rate"))
    return picture


@styled
def learning_rates(accuracies: Mapping[str, Mapping[float, float]]) -> Picture:
    """For each optimizer the validation accuracy against the learning rate."""
    picture, axes = canvas(
        height=3.8,
        alt=_(
            "The validation accuracy against the learning rate, which is on a logarithmic axis. "
            "{best}."
        ).format(
            best="; ".join(
                _("{name} is best at {rate:g}, with {accuracy:.1%}").format(
                    name=name,
                    rate=max(runs, key=lambda rate: runs[rate]),
                    accuracy=max(runs.values()),
                )
                for name, runs in accuracies.items()
            )
        ),
    )
    for (name, runs), (color, style) in zip(accuracies.items(), [(ORANGE, "^--"), (BLUE, "o-")]):
        axes.semilogx(
            list(runs), 100 * np.array(list(runs.values())), style, color=color, ms=6, label=name
        )
    axes.set(xlabel=_("learning rate"), ylabel=_("images read right (%)"), ylim=(0, 103))
    axes.set_title(_("Each optimizer has its own range of good learning rates"))
    axes.legend(loc="lower center")
    return picture


@styled
def confusion(matrix: np.ndarray) -> Picture:
    """The confusion matrix with its counts; colored is what was taken for something else."""
    found = np.diag(matrix) / matrix.sum(axis=1)
    errors = matrix - np.diag(np.diag(matrix))
    true, said = np.unravel_index(errors.argmax(), errors.shape)
    picture, axes = canvas(
        width=7.0,
        height=5.6,
        alt=_(
            "A table of the true digit against the digit that the network said. Nearly all counts "
            "are on the diagonal. Most frequent error: a {true} taken for a {said}, {count} times."
        ).format(true=true, said=said, count=errors[true, said]),
    )
    axes.imshow(errors, "Oranges", vmax=1.6 * errors.max())
    for (row, column), count in np.ndenumerate(matrix):
        if row == column:
            axes.add_patch(_frame((column - 0.5, row - 0.5), 1, 1, color="white", fill=TINT))
        if count:
            color = GRAY if row == column else BLACK
            axes.text(column, row, count, color=color, ha="center", va="center", fontsize=10)
    for row, share in enumerate(found):
        axes.text(9.8, row, f"{share:.1%}", va="center", fontsize=10, color=BLUE)
    axes.text(9.8, -0.95, _("found"), fontsize=10, color=BLUE)
    axes.set(
        xticks=range(10),
        yticks=range(10),
        xlabel=_("what the network said"),
        ylabel=_("true digit"),
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(_("Colored: what it took for something else"))
    return picture


@styled
def readings(images: np.ndarray, shares: np.ndarray, labels: np.ndarray) -> Picture:
    """Images, six in a row, each with its truth and with what the network said, how sure."""
    columns = 6
    rows = -(-len(images) // columns)
    said, sure = shares.argmax(axis=1), shares.max(axis=1)
    captions = [
        _("is {true}\nsays {said}, {share:.0%}").format(true=true, said=digit, share=share)
        for true, digit, share in zip(labels, said, sure)
    ]
    picture, grid = canvas(
        rows,
        columns,
        width=9.0,
        height=0.4 + 1.75 * rows,
        alt=_("Images of digits, what they are and what the network says: {captions}.").format(
            captions="; ".join(caption.replace("\n", ", ") for caption in captions)
        ),
    )
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, image, caption in zip(grid.flat, images, captions):
        axes.imshow(image, INK)
        axes.set_title(caption, fontsize=10, loc="center", pad=4)
    title = _("What they are, what the network says, and how sure it is")
    picture.suptitle(title, x=0.01, ha="left", fontsize=12)
    return picture


@styled
def first_layer(weights: np.ndarray) -> Picture:
    """Each hidden neuron's weights, one for each pixel, as an image."""
    count = weights.shape[1]
    picture, axes = canvas(
        width=9.0,
        height=4.4,
        alt=_(
            "{count} images, one for each hidden neuron, of its 784 weights: patches and strokes "
            "of positive and negative weights in the middle, faint speckle in the corners."
        ).format(count=count),
    )
    sheet, _x, _y = _sheet(weights.T.reshape(count, 28, 28), 8, gap=2)
    limit = np.quantile(np.abs(weights), 0.995)
    shown = axes.imshow(sheet, DIVERGING, vmin=-limit, vmax=limit)
    axes.set_facecolor("#d0d0d0")
    axes.set(
        xticks=[],
        yticks=[],
        title=_("What each hidden neuron looks for: strokes here, and none there"),
    )
    axes.spines[:].set_visible(False)
    bar = picture.colorbar(shown, ax=axes, extend="both", shrink=0.9)
    bar.set_label(_("weight: ink speaks against (−), for (+)"))
    return picture


def _share_bars(axes: Axes, shares: np.ndarray) -> None:
    """A bar for the share of each digit, the longest in another color."""
    best = shares.argmax()
    colors = [ORANGE if digit == best else BLUE for digit in range(len(shares))]
    bars = axes.barh(np.arange(len(shares)), shares, color=colors)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.set(yticks=range(len(shares)), xlim=(0, 1.15), xticks=[0, 0.5, 1])
    axes.set(ylabel=_("digit"), xlabel=_("share"), title=_("→ {n} shares").format(n=len(shares)))


def _sheet(images: np.ndarray, columns: int, gap: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images side by side as one, NaN between them, and the centers of its columns and rows."""
    rows, (height, width) = -(-len(images) // columns), images.shape[1:]
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for i, image in enumerate(images):
        top, left = (height + gap) * (i // columns), (width + gap) * (i % columns)
        sheet[top : top + height, left : left + width] = image
    centers = [
        np.arange(n) * (size + gap) + (size - 1) / 2
        for n, size in ((columns, width), (rows, height))
    ]
    return sheet, *centers


def _frame(
    corner: tuple[float, float],
    width: float,
    height: float,
    color: str = ORANGE,
    fill: str = "none",
) -> Rectangle:
    return Rectangle(corner, width, height, ec=color, fc=fill, lw=2)
