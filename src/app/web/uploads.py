"""Pictures out of a request: uploaded files or base64 in JSON, within limits."""

import json
from contextlib import AsyncExitStack
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException

from src.app.vision.decoding import BASE64_DESCRIPTION, decode_base64
from src.common.errors import InputError

MAX_PICTURES = 16  # in one request

_BASE64 = {"type": "string", "format": "byte", "description": BASE64_DESCRIPTION}
REQUEST_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "minItems": 1,
                        "maxItems": MAX_PICTURES,
                        "description": "a PNG, JPEG, WebP, GIF or BMP file; repeat the field for more of them",
                    }
                },
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "image": _BASE64,
                    "images": {"type": "array", "items": _BASE64, "minItems": 1, "maxItems": MAX_PICTURES},
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
            }
        },
    },
}
"""For OpenAPI, which cannot see it in the signature of a route that takes both."""


async def read_pictures(request: Request) -> tuple[list[bytes], bool]:
    """Read the files of a request, and say whether it asked for one (not for a list of one).

    Raises:
        HTTPException: 400, 415 or 422, with a sentence that says what to send instead.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _read_form(request)
    if kind == "application/json":
        return _read_json(await request.body())
    raise HTTPException(415, "send multipart/form-data with the field file, or application/json with image or images")


async def _read_form(request: Request) -> tuple[list[bytes], bool]:
    try:
        form = await request.form(max_files=MAX_PICTURES, max_fields=MAX_PICTURES)
    except StarletteHTTPException as error:  # more parts than allowed, or not multipart at all
        status = 422 if error.detail.startswith("Too many") else 400
        raise HTTPException(status, f"the form cannot be read: {error.detail}") from None
    async with AsyncExitStack() as stack:
        stack.push_async_callback(form.close)
        files = [part for part in form.getlist("file") if isinstance(part, UploadFile)]
        if not files:
            raise HTTPException(422, "the form has no file; send the picture in the field file")
        return [await part.read() for part in files], len(files) == 1


def _read_json(body: bytes) -> tuple[list[bytes], bool]:
    if body.count(b",") > 2 * MAX_PICTURES + 2:  # before JSON with millions of values is parsed
        raise HTTPException(422, f"send at most {MAX_PICTURES} pictures at once")
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(value, dict) or set(value) not in ({"image"}, {"images"}):
        raise HTTPException(422, 'send {"image": "<base64>"} or {"images": ["<base64>", ...]}')
    one = "image" in value
    texts = [value["image"]] if one else value["images"]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise HTTPException(422, "image is a string, images a list of strings, each a picture's file in base64")
    if len(texts) > MAX_PICTURES:
        raise HTTPException(422, f"these are {len(texts)} pictures; send at most {MAX_PICTURES} at once")
    try:
        return [decode_base64(text) for text in texts], one
    except InputError as error:
        raise HTTPException(422, str(error)) from None
