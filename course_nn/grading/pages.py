"""What the page of a student and that of the class have in common.

A page is one file without scripts, which loads nothing; its browser is told to hold it to that. All
that a student has written is escaped.
"""

import base64
import hashlib
import re
from html import escape

_CSS = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 52rem;
  overflow-wrap: anywhere }
h1 { font-size: 1.6rem; margin: .5rem 0 }
h2 { font-size: 1.25rem; margin: 2rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem }
a { color: inherit }
.big { font-size: 1.25rem; margin: 0 }
.marks { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0 }
.marks a { text-decoration: none }
th { overflow-wrap: normal }
.list { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
.list td, .list th { padding: .2rem .75rem .2rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #8886; overflow-wrap: normal }
.list .n { text-align: right }
.list :first-child { min-width: 8rem }
.wide { overflow-x: auto }
figure { margin: 1rem 0 }
img { display: block; max-width: 100%; height: auto; background: white; border-radius: 4px;
  padding: .5rem; box-sizing: border-box }
pre { overflow-x: auto; padding: .5rem; border-left: 3px solid #8886 }
section,tr,figure { break-inside: avoid }
@media print { body { max-width: none; padding: 0 } a { text-decoration: none } }
"""


def document(heading: str, body: str, language: str) -> str:
    """A whole page, of HTML. Inline styles become classes: the policy allows one style sheet."""
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return f'class="{names.setdefault(found[1], f"s{len(names)}")}"'

    body = re.sub(r'style="([^"]*)"', named, body)  # text has no quotation marks left: escaped
    css = _CSS + "".join(f".{name} {{ {style} }}\n" for style, name in names.items())
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{css}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def safe(text: str) -> str:
    """``text`` as HTML."""
    return escape(clean(text))


def clean(text: str) -> str:
    """``text`` with � for what is no character, or turns the direction of writing."""
    return _ODD.sub("�", text)


_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
