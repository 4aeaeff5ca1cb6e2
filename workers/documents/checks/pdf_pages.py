"""Look at what one PDF page shows, without rendering it: text, drawing, and images with their size on paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot
from typing import Any

import pikepdf

_OPERATORS = "q Q cm Do Tr Tj TJ ' \" f F f* B B* b b* S s sh g rg k EI INLINE IMAGE"
_TEXT_OPERATORS = ("Tj", "TJ", "'", '"')
_FILL_OPERATORS = ("f", "F", "f*")
_DRAWING_OPERATORS = ("INLINE IMAGE", "B", "B*", "b", "b*", "S", "s", "sh")
_WHITE = {"g": (1.0,), "rg": (1.0, 1.0, 1.0), "k": (0.0, 0.0, 0.0, 0.0)}
_INVISIBLE = 3
# Spaces of one-byte fonts, and glyph 3, the space of most two-byte fonts.
_SPACES = b" \t\r\n\x00\x03"
_DEEPEST_FORM = 5
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_POINTS_PER_INCH = 72

Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class PlacedImage:
    """Hold an image with its size on the page, in points."""

    image: pikepdf.Stream
    width: float
    height: float

    @property
    def dpi(self) -> float:
        """Give the effective resolution in dots per inch, of the coarser direction."""
        if self.width <= 0 or self.height <= 0:
            return 0
        horizontal = float(self.image.get("/Width", 0)) / (self.width / _POINTS_PER_INCH)
        vertical = float(self.image.get("/Height", 0)) / (self.height / _POINTS_PER_INCH)
        return min(horizontal, vertical)


@dataclass
class PageContent:
    """Say what a page shows. `area` is in square points; inline images count as drawing."""

    area: float
    has_text: bool = False
    has_visible_text: bool = False
    has_drawing: bool = False
    images: list[PlacedImage] = field(default_factory=list)

    @property
    def coverage(self) -> float:
        """Give the share of the page that images cover, overlaps counted twice."""
        return sum(placed.width * placed.height for placed in self.images) / self.area if self.area else 0

    @property
    def is_scan(self) -> bool:
        """Tell whether the page is mainly a picture of paper."""
        return self.coverage >= (0.9 if self.has_visible_text else 0.5)


def examine_page(page: pikepdf.Page) -> PageContent:
    """Read the content streams of a page. Raises PdfError when they cannot be parsed."""
    left, bottom, right, top = (float(value) for value in page.mediabox)
    unit = float(page.obj.get("/UserUnit", 1))
    content = PageContent(area=abs(right - left) * abs(top - bottom) * unit * unit)
    _Examination(content).run(page, page.obj.get("/Resources"), (unit, 0.0, 0.0, unit, 0.0, 0.0), depth=0)
    return content


class _Examination:
    """Follow the graphics state through one page and its form XObjects."""

    def __init__(self, content: PageContent) -> None:
        self._content = content

    def run(self, stream: Any, resources: Any, matrix: Matrix, depth: int) -> None:
        saved: list[Matrix] = []
        white = False
        invisible = False
        for instruction in pikepdf.parse_content_stream(stream, _OPERATORS):
            operator = str(instruction.operator)
            operands = instruction.operands
            if operator == "q":
                saved.append(matrix)
            elif operator == "Q":
                matrix = saved.pop() if saved else matrix
            elif operator == "cm":
                matrix = _multiply(_matrix(operands), matrix)
            elif operator == "Tr":
                invisible = int(operands[0]) == _INVISIBLE
            elif operator in _WHITE:
                white = tuple(float(value) for value in operands) == _WHITE[operator]
            elif operator in _TEXT_OPERATORS:
                self._text(operands, invisible=invisible)
            elif operator == "Do":
                self._draw(str(operands[0]), resources, matrix, depth)
            elif operator in _DRAWING_OPERATORS or (operator in _FILL_OPERATORS and not white):
                self._content.has_drawing = True

    def _text(self, operands: Any, *, invisible: bool) -> None:
        if any(bytes(string).strip(_SPACES) for string in _strings(operands)):
            self._content.has_text = True
            self._content.has_visible_text |= not invisible

    def _draw(self, name: str, resources: Any, matrix: Matrix, depth: int) -> None:
        drawn = resources.get("/XObject", {}).get(name) if resources is not None else None
        if drawn is None:
            return
        if drawn.get("/Subtype") == "/Image":
            width, height = hypot(matrix[0], matrix[1]), hypot(matrix[2], matrix[3])
            self._content.images.append(PlacedImage(drawn, width, height))
        elif drawn.get("/Subtype") == "/Form" and depth < _DEEPEST_FORM:
            inner = _multiply(_matrix(drawn.get("/Matrix", _IDENTITY)), matrix)
            self.run(drawn, drawn.get("/Resources", resources), inner, depth + 1)


def _strings(operands: Any) -> list[Any]:
    found = []
    for operand in operands:
        if isinstance(operand, pikepdf.Array):
            found += [item for item in operand if isinstance(item, pikepdf.String)]
        elif isinstance(operand, pikepdf.String):
            found.append(operand)
    return found


def _matrix(values: Any) -> Matrix:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _multiply(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)
