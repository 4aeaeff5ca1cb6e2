"""Read a dossier as people hand it over in a folder: dossier.yaml and the files it names."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workers.documents.examination import is_unsafe_name
from workers.documents.yaml_source import LineFinder, load_model
from workers.errors import UserError

FILE_NAME = "dossier.yaml"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Consent(_Section):
    """Say by which channels the applicant agreed to be notified; silence is no consent."""

    email: bool = False
    sms: bool = False


class FolderApplicant(_Section):
    """Name who files: a person or organisation with `name`, or a unit of the city with `unit`."""

    name: Text | None = None
    unit: Text | None = None
    id_number: Text | None = None
    tax_code: Text | None = None
    phone: Text | None = None
    email: Text | None = None
    address: Text | None = None
    language: Literal["vi", "en"] = "vi"
    consent: Consent = Consent()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.name is None) == (self.unit is None):
            message = "cần đúng một trong hai: name (người, tổ chức nộp) hoặc unit (mã đơn vị)"
            raise ValueError(message)
        return self


class FolderDocument(_Section):
    """Name one file of the folder and the paper of the composition that it is."""

    composition: Text
    file: Text
    original: Literal["original", "certified", "copy"]
    issued_on: date | None = None
    expires_on: date | None = None


class DossierFolder(_Section):
    """Hold what dossier.yaml says; the files are beside it."""

    kind: Literal["administrative_procedure", "work_dossier"]
    procedure: Text
    title: Text
    urgency: Literal["normal", "urgent"] = "normal"
    channel: Literal["in_person", "online", "postal"]
    origin_unit: Text
    applicant: FolderApplicant
    case: Text | None = None
    documents: tuple[FolderDocument, ...] = Field(min_length=1)


def load_folder(folder: Path) -> DossierFolder:
    """Read `folder`; raises UserError naming file, line and what is expected, all mistakes of one kind at once."""
    path = folder / FILE_NAME
    if not folder.is_dir():
        message = f"{folder}: không có thư mục này. Chỉ ra thư mục chứa {FILE_NAME} và các tệp của hồ sơ."
        raise UserError(message)
    dossier, lines = load_model(path, DossierFolder, UserError)
    mistakes = _file_mistakes(folder, dossier, lines)
    if mistakes:
        raise UserError("\n".join(mistakes))
    return dossier


def _file_mistakes(folder: Path, dossier: DossierFolder, lines: LineFinder) -> list[str]:
    mistakes = []
    seen = set()
    for index, document in enumerate(dossier.documents):
        location = ("documents", index, "file")
        if is_unsafe_name(document.file):
            mistakes.append(lines.mistake(location, "cần tên tệp nằm ngay trong thư mục hồ sơ, không kèm đường dẫn"))
        elif not (folder / document.file).is_file():
            mistakes.append(
                lines.mistake(location, f"cần một tệp có thật; không có tệp “{document.file}” trong thư mục")
            )
        elif (document.composition, document.file) in seen:
            mistakes.append(lines.mistake(location, "đã ghi cho cùng thành phần ở trên, bỏ dòng lặp"))
        seen.add((document.composition, document.file))
    return mistakes
