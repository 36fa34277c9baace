"""XML that somebody else wrote, read without letting it declare entities."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from xml.parsers import expat

LONGEST_NAMESPACE = 256  # characters; those of labels and of XMP have less than a hundred


class UnreadableXMLError(ValueError):
    """It is no XML, or declares what makes it grow; the message is the end of a sentence about it."""


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
        It cannot be parsed, or declares a document type or a namespace of very many characters.
    """
    if b"xmlns" in document.replace(b"\0", b""):  # in 16 bits as well
        _require_short_namespaces(document)
    parser = ElementTree.XMLParser(target=_WithoutDoctype())  # noqa: S314  (see there)
    try:
        return ElementTree.fromstring(document, parser)  # noqa: S314
    except UnreadableXMLError:
        raise
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        # ValueError and LookupError: encodings that the parser does not have.
        raise UnreadableXMLError(f"it is not readable as XML ({error})") from error


def _require_short_namespaces(document: bytes) -> None:
    """Refuse a long namespace while it stands there once, and not yet in each name that has its prefix."""

    def look_at(_: str, attributes: Mapping[str, str]) -> None:
        for name, value in attributes.items():
            if name.startswith("xmlns") and len(value) > LONGEST_NAMESPACE:
                raise UnreadableXMLError(
                    f"it declares a namespace of more than {LONGEST_NAMESPACE} characters"
                )

    def refuse_doctype(name: str, *_: object) -> None:
        raise UnreadableXMLError(f"it declares a document type ({name!r})")

    parser = expat.ParserCreate()  # does not replace prefixes
    parser.StartElementHandler = look_at
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(document, True)
    except UnreadableXMLError:
        raise
    except (expat.ExpatError, ValueError, LookupError):
        return  # the parser of the tree stops there as well, and says where


def local_name(tag: str) -> str:
    """The name of an element or attribute without its namespace."""
    return tag.rsplit("}", 1)[-1]
