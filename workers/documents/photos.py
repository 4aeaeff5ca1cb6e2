"""Make photos fit to be kept: one picture, upright, without what the camera wrote about place, time and owner."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
_MEGAPIXELS = 60
_QUALITY = 85
_UNDECODABLE = (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError, IndexError, KeyError, TypeError)


class NotAPhoto(Exception):
    """The bytes are no picture of a known kind, are damaged, or unfold to more pixels than a camera makes."""


def plain_photo(data: bytes, longest_side: int) -> bytes:
    """Write a photo anew as JPEG of at most `longest_side` pixels, without metadata. Raises NotAPhoto."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > _MEGAPIXELS * 1_000_000:
                raise NotAPhoto
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except _UNDECODABLE as error:
        raise NotAPhoto from error
    upright.thumbnail((longest_side, longest_side))
    # A new image takes the pixels only: comments, profiles and thumbnails of the old one stay behind.
    plain = Image.frombytes("RGB", upright.size, upright.tobytes())
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()
