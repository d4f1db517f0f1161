"""Pictures of a request: the files of a form, or one base64 string in JSON."""

from typing import Annotated, Any

from fastapi import HTTPException, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.requests import ClientDisconnect

from src.app.vision.decoding import BASE64_DESCRIPTION, FORMATS, decode_base64
from src.common.errors import InputError

MAX_PICTURES = 16
"""Pictures in one request."""
MAX_COMMAS = 16
"""Commas in a JSON body. A valid body has a few at most, in a data: URL. To parse a body that is full of array items
would take more than a gigabyte of memory, and the server would not answer for seconds."""


class PictureForm(BaseModel):
    """The form of a request: one or more picture files."""

    # On the page /docs, Swagger UI offers a button to choose a file for this format.
    file: list[Annotated[UploadFile, WithJsonSchema({"type": "string", "format": "binary"})]] = Field(
        min_length=1,
        max_length=MAX_PICTURES,
        description=f"{FORMATS} file; repeat the field for more files",
    )


class PictureJson(BaseModel):
    """The JSON body of a request: one picture."""

    model_config = ConfigDict(extra="forbid")

    image: Annotated[bytes, BeforeValidator(decode_base64)] = Field(
        description=BASE64_DESCRIPTION, json_schema_extra={"format": "byte"}
    )


_FORM, _JSON = "multipart/form-data", "application/json"
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        _FORM: {"schema": PictureForm.model_json_schema()},
        _JSON: {"schema": PictureJson.model_json_schema()},
    },
}
"""For OpenAPI, as the signature of a FastAPI route cannot declare both a form and JSON."""


async def read_pictures(request: Request) -> list[bytes]:
    """Read the picture files of a request; a dependency of FastAPI's routes.

    Returns:
        One or more files, not decoded.

    Raises:
        HTTPException: the body is damaged (400), neither a form nor JSON (415), or not what the models describe (422).
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type == _FORM:
            async with request.form() as form:
                files = PictureForm.model_validate({"file": form.getlist("file")}).file
                return [await file.read() for file in files]
        if media_type == _JSON:
            body = await request.body()
            if body.count(b",") > MAX_COMMAS:
                raise HTTPException(422, 'the JSON has too many values; send {"image": "<base64>"}')
            return [PictureJson.model_validate_json(body).image]
    except ValidationError as error:
        raise _describe(error) from None
    except ClientDisconnect:
        raise HTTPException(400, "the upload was cut off; send it again") from None
    raise HTTPException(415, f"send {_FORM} with the field file, or {_JSON} with the field image")


def refuse_parameter(_request: Request, error: Exception) -> JSONResponse:
    """Refuse a parameter of the URL that is not valid, in one sentence."""
    problem = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": ("",), "msg": str(error)}
    return JSONResponse({"detail": f"parameter {problem['loc'][-1]}: {problem['msg']}"}, 422)


def _describe(error: ValidationError) -> HTTPException:
    """Describe the first problem in one sentence, where FastAPI would list all of them."""
    problem = error.errors(include_input=False, include_url=False)[0]
    cause = problem.get("ctx", {}).get("error")
    if problem["type"] == "json_invalid":
        return HTTPException(400, f"the body is not valid JSON: {cause}")
    if isinstance(cause, InputError):
        return HTTPException(422, str(cause))
    if problem["loc"][:1] == ("file",):
        return HTTPException(422, f"the form needs 1 to {MAX_PICTURES} files in the field file; /docs describes it")
    field = "".join(f"field {name}: " for name in problem["loc"][:1])
    return HTTPException(422, f"{field}{problem['msg']}; /docs describes what to send")
