"""The overfitting dial: what each slider does to both errors, and an answer to every move."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("anywidget")

from course_nn.widgets import Note, Stage, overfitting
from course_nn.widgets.overfitting import NOISE, Dial, Fit, Setting, sample, truth


def errors(**setting):
    fit = Fit(Setting(**setting))
    fit.train()
    return fit.errors[-1][1:]


def parts(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def control(figure, description):
    (found,) = [p for p in parts(figure) if getattr(p, "description", None) == description]
    return found


def the(figure, kind):
    (found,) = [p for p in parts(figure) if isinstance(p, kind)]
    return found


async def end(figure):
    while figure._tasks:
        await asyncio.sleep(0.01)


@pytest.fixture
def figure(monkeypatch):
    """The dial, whose networks are trained a tenth as long; ``figure.dial`` is its picture."""
    made = []
    monkeypatch.setattr(overfitting, "LIMIT", 300)
    monkeypatch.setattr(Setting.__new__, "__defaults__", (30, 64, 0.0, 0.0, 300))
    monkeypatch.setattr(overfitting, "Dial", lambda fit: made.append(Dial(fit)) or made[0])
    figure = overfitting.overfitting_dial()
    figure.dial = made[0]
    yield figure
    figure.close()


def test_wide_networks_with_few_points_learn_the_noise():
    training, new = errors()
    assert training < 0.2 and new > training + 0.15


def test_too_few_neurons_and_too_few_epochs_are_bad_at_both():
    for setting in ({"width": 1}, {"epochs": 30}):
        training, new = errors(**setting)
        assert min(training, new) > 1.3 * NOISE


@pytest.mark.parametrize(
    "remedy", [{"points": 200}, {"l2": 0.001}, {"dropout": 0.2}, {"epochs": 300}]
)
def test_each_remedy_brings_the_new_points_near_the_noise(remedy):
    training, new = errors(**remedy)
    assert new < 0.37 < errors()[1]
    assert training > errors()[0]


def test_too_much_of_a_remedy_is_too_simple():
    for setting in ({"l2": 0.1}, {"dropout": 0.8}):
        fit = Fit(Setting(**setting))
        fit.train()
        assert "Too simple" in fit.verdict()[0]


@pytest.mark.parametrize(
    "training, new, said",
    [(0.1, 0.5, "learns the noise"), (0.6, 0.6, "Too simple"), (0.28, 0.32, "found the curve")],
)
def test_the_verdict(training, new, said):
    fit = Fit(Setting(epochs=30))
    fit.errors.append((30, training, new))
    assert said in fit.verdict()[0]


def test_more_points_are_the_same_ones_and_others():
    few, many = sample(10, 3), sample(200, 3)
    assert np.array_equal(few[0], many[0][:10]) and np.array_equal(few[1], many[1][:10])
    assert not np.array_equal(few[0], sample(10, 4)[0])
    assert np.std(many[1] - truth(many[0])) == pytest.approx(NOISE, abs=0.05)


def test_slices_lead_to_the_same_network_as_one_go():
    setting = Setting(points=10, width=4, dropout=0.2, epochs=100)
    whole, sliced = Fit(setting), Fit(setting)
    whole.train()
    slices = 0
    while not sliced.done:
        sliced.train(seconds=0)
        slices += 1
    assert slices > 5 and sliced.epoch == 100
    assert np.array_equal(whole.curve(), sliced.curve()) and whole.errors == sliced.errors


def test_the_picture_shows_both_errors():
    fit = Fit(Setting(points=10, width=4, epochs=30))
    fit.train()
    dial = Dial(fit)
    dial.draw()
    epoch, training, new = fit.errors[-1]
    assert epoch == 30
    assert [bar.get_width() for bar in dial.bars] == [min(training, 1), min(new, 1)]
    assert [text.get_text() for text in dial.values] == [f"{training:.2f}", f"{new:.2f}"]
    assert dial.points.get_xdata().size == 10
    assert "Epoch 30: Too simple" in dial.told.get_text()


def test_each_move_is_answered_at_once_and_trained_to_the_end(figure):
    stage = the(figure, Stage)

    async def use():
        for description, value, field in [
            ("training points", 100, "points"),
            ("neurons a layer", 4, "width"),
            ("dropout", 0.2, "dropout"),
            ("L2", 0.01, "l2"),
            ("epochs", 100, "epochs"),
        ]:
            before = stage.png
            control(figure, description).value = value
            assert stage.png != before
            assert getattr(figure.dial.fit.setting, field) == value
            assert len(figure._tasks) > 0
            await end(figure)
            assert figure.dial.fit.done
            _epoch, training, new = figure.dial.fit.errors[-1]
            assert (
                f"{training:.2f} on the training points, {new:.2f} on new"
                in the(figure, Note).value
            )

    asyncio.run(use())


def test_a_move_ends_the_training_before(figure, monkeypatch):
    monkeypatch.setattr(overfitting, "SLICE", 0.0)

    async def use():
        for width in (2, 4, 8, 16):
            control(figure, "neurons a layer").value = width
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert len(figure._tasks) == 1
        fit = figure.dial.fit
        epoch = fit.epoch
        await asyncio.sleep(0.2)
        assert fit.setting.width == 16 and fit is figure.dial.fit and fit.epoch > epoch

    asyncio.run(use())


def test_other_points(figure):
    async def use():
        before = figure.dial.fit.x
        control(figure, "Other points").click()
        assert not np.array_equal(figure.dial.fit.x, before)
        await end(figure)

    asyncio.run(use())


def test_closing_ends_training(figure):
    async def use():
        control(figure, "training points").value = 200
        figure.close()
        epoch = figure.dial.fit.epoch
        await asyncio.sleep(0.05)
        assert figure.dial.fit.epoch == epoch and not figure._tasks

    asyncio.run(use())


def test_nothing_is_trained_before_the_reader_moves_something(figure):
    assert not figure._tasks and figure.dial.fit.done


def test_without_a_kernel_three_networks_stand_beside_each_other(figure):
    data, _ = figure._repr_mimebundle_()
    assert "1 neuron" in data["text/plain"] and "L2 penalty" in data["text/plain"]
    assert data["image/png"] != the(figure, Stage).png
