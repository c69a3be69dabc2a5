"""The language of everything the package says: messages, plot labels, hints.

Write ``_("epochs must be at least 1, got {n}").format(n=n)``: the text inside ``_`` is what
translators see, so the values go in afterwards, by name.

Gettext's catalogues are kept in ``locale``; docs/translating.md says how one comes about. The language
is English, or what the environment variable COURSE_NN_LANGUAGE says, until `set_language` is called.
"""

import gettext as _gettext
import os
from pathlib import Path

DOMAIN = "course_nn"
LOCALE_DIR = Path(__file__).parent / "locale"

_language = os.environ.get("COURSE_NN_LANGUAGE", "en")
_translations: _gettext.NullTranslations = _gettext.translation(
    DOMAIN, str(LOCALE_DIR), [_language], fallback=True
)


def set_language(language: str, localedir: Path | str = LOCALE_DIR) -> None:
    """Say everything from now on in ``language`` ("en", "es", ...).

    Raises:
        ValueError: no catalogue for that language is in ``localedir``.
    """
    global _language, _translations
    if language == "en":
        _language, _translations = "en", _gettext.NullTranslations()
        return
    try:
        _translations = _gettext.translation(DOMAIN, str(localedir), [language])
    except OSError:
        message = _("There is no translation into {language!r}. Choose one of: {known}.")
        known = ", ".join(languages(localedir))
        raise ValueError(message.format(language=language, known=known)) from None
    _language = language


def language() -> str:
    """The language that everything is said in now, such as "en"."""
    return _language


def languages(localedir: Path | str = LOCALE_DIR) -> list[str]:
    """The languages that `set_language` takes: "en", and those that have a catalogue."""
    compiled = Path(localedir).glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return ["en", *sorted(path.parent.parent.name for path in compiled)]


def _(message: str) -> str:
    """``message`` in the current language."""
    return _translations.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """``singular`` or ``plural``, as ``n`` asks, in the current language."""
    return _translations.ngettext(singular, plural, n)


def N_(message: str) -> str:
    """``message`` as it is, marked where it is defined; ``_`` translates it where it is shown."""
    return message


unfinished = N_(
    "{n} of the {all} texts on this page are not translated yet, and stand here in English."
)
