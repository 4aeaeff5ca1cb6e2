"""Look at image files and at the images inside scanned pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageFile, UnidentifiedImageError

if TYPE_CHECKING:
    from pathlib import Path

    from workers.documents.checks.report import Report
    from workers.documents.policy import DocumentPolicy

_FORMATS = ("JPEG", "PNG", "TIFF")
_LONG_SIDE = 1200
# An A4 page is 8.27 by 11.69 inch; images without a stated resolution are taken as photographs of a whole A4 page.
_A4_SHORT_INCH = 8.27
_A4_LONG_INCH = 11.69
_INK_CONTRAST = 64
# Scanners round: 199.9 dpi is 200 dpi.
DPI_TOLERANCE = 0.98
_UNDECODABLE = (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError, IndexError, KeyError, TypeError)


def check_image(report: Report, path: Path, policy: DocumentPolicy) -> None:
    """Check that every frame decodes, its pixels, resolution and content."""
    Image.MAX_IMAGE_PIXELS = None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with Image.open(path, formats=_FORMATS) as image:
            report.pages = getattr(image, "n_frames", 1)
            if report.pages > policy.limits.pages:
                report.add("too_many_pages", pages=report.pages, limit=policy.limits.pages)
                return
            _check_frames(report, image, report.pages, policy)
    except _UNDECODABLE as failure:
        report.add("truncated" if "truncated" in str(failure) else "damaged")


def _check_frames(report: Report, image: Image.Image, frames: int, policy: DocumentPolicy) -> None:
    blanks = []
    for frame in range(min(frames, policy.limits.examined_pages)):
        if frames > 1:
            image.seek(frame)
        if image.width * image.height > policy.limits.image_megapixels * 1_000_000:
            report.add("image_too_large", megapixels=_megapixels(image), limit=f"{policy.limits.image_megapixels:g}")
            return
        dpi = _resolution(image)
        if dpi < policy.expectations.scan_dpi * DPI_TOLERANCE:
            report.add("low_resolution", frame + 1, dpi=round(dpi), minimum=policy.expectations.scan_dpi)
        image.load()
        if is_blank(image, policy.expectations.blank_ink_share):
            blanks.append(frame + 1)
    report_blank_pages(report, blanks, frames)
    if frames > policy.limits.examined_pages:
        report.add("pages_not_examined", examined=policy.limits.examined_pages, pages=frames)


def report_blank_pages(report: Report, blanks: list[int], pages: int) -> None:
    """Turn page numbers without content into one finding for the document or one for each page."""
    if pages and len(blanks) == pages:
        report.add("blank_document")
        return
    for page in blanks:
        report.add("blank_page", page)


def is_blank(image: Image.Image, ink_share: float) -> bool:
    """Tell whether fewer pixels than `ink_share` (0 to 1) differ clearly from the background.

    The background is the commonest grey, so that yellowed or dark paper counts as empty too.
    """
    image.draft("L", (_LONG_SIDE, _LONG_SIDE))
    grey = image.convert("L")
    factor = max(1, max(grey.size) // _LONG_SIDE)
    if factor > 1:
        grey = grey.reduce(factor)
    histogram = grey.histogram()
    background = max(range(256), key=histogram.__getitem__)
    ink = sum(count for value, count in enumerate(histogram) if abs(value - background) > _INK_CONTRAST)
    return ink < ink_share * grey.width * grey.height


def _resolution(image: Image.Image) -> float:
    stated = image.info.get("dpi")
    if stated and min(stated) > 1:
        return float(min(stated))
    short, long = sorted(image.size)
    return min(short / _A4_SHORT_INCH, long / _A4_LONG_INCH)


def _megapixels(image: Image.Image) -> int:
    return round(image.width * image.height / 1_000_000)
