"""XML that somebody else wrote, read without letting it declare entities."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree


class UnreadableXMLError(ValueError):
    """It is no XML, or it declares a document type; the message is the end of a sentence about it."""


class _WithoutDoctype(ElementTree.TreeBuilder):
    """Builds the tree, and stops at a DOCTYPE: entities, which can grow without limit, are declared there.

    No label and no description of a recording has one. The parser tells of it in whatever encoding the
    document is, before it reads what is declared.
    """

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002
        raise UnreadableXMLError(f"it declares a document type ({name!r})")


def parse_xml(document: bytes) -> ElementTree.Element:
    """Parse a whole XML document.

    Raises
    ------
    UnreadableXMLError
        It cannot be parsed, or declares a document type.
    """
    parser = ElementTree.XMLParser(target=_WithoutDoctype())  # noqa: S314  (see there)
    try:
        return ElementTree.fromstring(document, parser)  # noqa: S314
    except UnreadableXMLError:
        raise
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        # ValueError and LookupError: encodings that the parser does not have.
        raise UnreadableXMLError(f"it is not readable as XML ({error})") from error


def local_name(tag: str) -> str:
    """The name of an element or attribute without its namespace."""
    return tag.rsplit("}", 1)[-1]
