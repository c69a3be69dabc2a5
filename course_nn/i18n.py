"""The language of everything the package says: messages, plot labels, hints.

Write ``_("epochs must be at least 1, got {n}").format(n=n)``: the text inside ``_`` is what
translators see, so the values go in afterwards, by name.

Babel keeps the catalogues in ``locale``. After a change of the messages, write the template:

    pybabel extract course_nn -o course_nn/locale/course_nn.pot --omit-header --add-location file

then, for each language, take the new messages over, translate them, and compile:

    pybabel init -D course_nn -d course_nn/locale -i course_nn/locale/course_nn.pot -l es     (once)
    pybabel update -D course_nn -d course_nn/locale -i course_nn/locale/course_nn.pot
    pybabel compile -D course_nn -d course_nn/locale
"""

import gettext as _gettext
from pathlib import Path

DOMAIN = "course_nn"
LOCALE_DIR = Path(__file__).parent / "locale"

_translations: _gettext.NullTranslations = _gettext.NullTranslations()


def set_language(language: str, localedir: Path | str = LOCALE_DIR) -> None:
    """Say everything from now on in ``language`` ("en", "es", ...).

    Raises:
        ValueError: no catalogue for that language is in ``localedir``.
    """
    global _translations
    if language == "en":
        _translations = _gettext.NullTranslations()
        return
    try:
        _translations = _gettext.translation(DOMAIN, str(localedir), [language])
    except OSError:
        compiled = Path(localedir).glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
        known = ["en", *sorted(path.parent.parent.name for path in compiled)]
        raise ValueError(
            _("There is no translation into {language!r}. Choose one of: {known}.").format(
                language=language, known=", ".join(known)
            )
        ) from None


def _(message: str) -> str:
    """``message`` in the current language."""
    return _translations.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """``singular`` or ``plural``, as ``n`` asks, in the current language."""
    return _translations.ngettext(singular, plural, n)


def N_(message: str) -> str:
    """``message`` as it is, marked where it is defined; ``_`` translates it where it is shown."""
    return message
