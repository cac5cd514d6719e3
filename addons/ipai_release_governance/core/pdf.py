"""HTML and files in, one PDF/A-3 out. WeasyPrint lays it out; nothing here imports Odoo.

The result is meant to be read in ten years without this machine: PDF/A-3u (ISO 19005-3), so fonts
are embedded, text maps to Unicode and stays selectable, and the data travels as embedded files.
"""

import base64
import gc
import logging
from contextlib import contextmanager
from dataclasses import dataclass

VARIANT = "pdf/a-3u"
#: WeasyPrint logs each step of each document, its font library each table of each font.
CHATTY = ("weasyprint.progress", "fontTools")


class EngineMissing(Exception):
    """WeasyPrint, or a system library it needs (pango, harfbuzz), is not installed."""


class PrintError(Exception):
    """WeasyPrint is there and could not lay out this document. The cause is chained."""


@dataclass(frozen=True)
class EmbeddedFile:
    """A file that travels inside the PDF.

    :param relationship: what it is to the PDF, see AFRelationship in ISO 32000-2, 7.11.3
    """

    name: str
    data: bytes
    description: str = ""
    relationship: str = "Data"


@dataclass(frozen=True)
class Font:
    """A font file (TTF, OTF or WOFF) for ``@font-face``."""

    family: str
    data: bytes
    weight: str = "normal"
    style: str = "normal"

    def css(self):
        source = base64.b64encode(self.data).decode()
        return (
            f'@font-face {{ font-family: "{self.family}"; font-weight: {self.weight}; '
            f"font-style: {self.style}; src: url(data:font/woff;base64,{source}); }}"
        )


def load_engine():
    """Import WeasyPrint on first use, since Odoo starts without it.

    :raises EngineMissing: naming what is not there
    """
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        import weasyprint  # noqa: PLC0415 see above
    except (ImportError, OSError) as error:  # OSError: pango or harfbuzz cannot be loaded
        raise EngineMissing(str(error)) from error
    return weasyprint


def render(pages, files=(), fonts=()):
    """Lay out documents one behind the other and return one PDF/A-3 as bytes.

    Title, author and language are those of the first document. Nothing is fetched: a document
    carries its style and its pictures itself, as ``data:`` URLs.

    :param pages: HTML documents as text, each numbered from page 1
    :param files: :class:`EmbeddedFile`
    :param fonts: :class:`Font`
    :raises EngineMissing: WeasyPrint cannot be imported
    :raises PrintError: WeasyPrint failed
    """
    engine = load_engine()
    try:
        with _missing_glyphs() as missing, _collector_paused():
            content = _write(engine, pages, files, fonts)
        if missing:
            # PDF/A allows no empty boxes in place of characters: spell them instead.
            content = _write(engine, [page.translate(missing) for page in pages], files, fonts)
        return content
    except Exception as error:
        # A layout engine documents no errors of its own: any of them means "not printed". The
        # caller is told which one, with its traceback.
        raise PrintError(f"{type(error).__name__}: {error}") from error


@contextmanager
def _collector_paused():
    """Without the cyclic garbage collector, which takes a quarter of the time and finds nothing:
    WeasyPrint holds on to all boxes of a document until the last page is written."""
    if not gc.isenabled():
        yield  # another thread prints, and switches it on again
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _missing_glyphs():
    """Characters no installed font can draw, as ``{code point: "[U+XXXX]"}``, filled on the way.

    WeasyPrint tells of each in a log record with the code point as second argument.
    """
    found = {}

    def note(record):
        if ".notdef" not in str(record.msg):
            return True
        found[record.args[1]] = f"[U+{record.args[1]:04X}]"
        return False

    logger = logging.getLogger("weasyprint")
    logger.addFilter(note)
    try:
        yield found
    finally:
        logger.removeFilter(note)


def _write(engine, pages, files, fonts):
    return _combined(engine, pages, fonts).write_pdf(
        pdf_variant=VARIANT, attachments=[_attachment(engine, file) for file in files]
    )


def _combined(engine, pages, fonts):
    # One configuration for all documents: fonts that several use are embedded once.
    config = engine.text.fonts.FontConfiguration()
    fetcher = engine.urls.URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    faces = engine.CSS(
        string="".join(font.css() for font in fonts), font_config=config, url_fetcher=fetcher
    )
    documents = [
        engine.HTML(string=page, url_fetcher=fetcher).render(
            font_config=config, stylesheets=[faces]
        )
        for page in pages
    ]
    return documents[0].copy([page for document in documents for page in document.pages])


def _attachment(engine, file):
    return engine.Attachment(
        string=file.data,
        name=file.name,
        description=file.description,
        relationship=file.relationship,
    )
